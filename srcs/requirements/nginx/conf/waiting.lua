-- A request that php-fpm did not even receive, because it is just being started anew after a crash, waits
-- here until php-fpm takes connections again. It takes about half a second, and nobody sees an error. A page that is
-- kept need not wait.
--
-- What php-fpm has received is never sent again: it may have done half of it.
local LONGEST = 5 -- seconds
local CONNECT = 200 -- milliseconds: a packet to a container that is gone is lost, and would be sent again after a second only

local waiting = {}

-- Returns when php-fpm can be reached; otherwise ends the request with the error that it had.
function waiting.wait()
    local status = tonumber((ngx.var.upstream_status or ''):match '(%d+)$') or 502
    local sent = ngx.var.upstream_bytes_sent
    if sent and sent:find '[1-9]' then
        return ngx.exit(status)
    end
    if ngx.var.generation ~= '' and ngx.var.direct == '' and ngx.var.only_kept == '' then
        return ngx.exec '@kept'
    end
    local host, port = ngx.var.php:match '^(.+):(%d+)$'
    local deadline = ngx.now() + LONGEST
    local pause = 0.05
    local slow
    repeat
        local socket = ngx.socket.tcp()
        socket:settimeout(CONNECT)
        local connected, reason = socket:connect(host, tonumber(port))
        if connected then
            socket:close()
            return
        end
        slow = reason == 'timeout'
        ngx.sleep(pause)
        -- Many may be waiting, and for a service that stays away.
        pause = math.min(pause * 1.5, 0.25)
    until ngx.now() > deadline
    -- Not refused, but not answered either: the queue is full. NGINX queues up like everybody else.
    if not slow then
        return ngx.exit(status)
    end
end

return waiting
