-- The generation of a page: random words in a file that WordPress overwrites before it acknowledges an edit.
-- They are part of the key of every cached page, so what was made before an edit is never found after it.
--
-- The file begins with the word of the site and the word of its comments. Behind them is a table for the pages that
-- show no comments but those of their own post, as far as WordPress has found out: a place, which the hash of the
-- page's path tells, holds more of that hash and the word of that post.
--
-- The file is read for every page (two system calls on an open file, about a microsecond each): nothing has to
-- be told to NGINX, so nothing can fail to reach it.
local ffi = require 'ffi'

ffi.cdef [[
int open(const char *path, int flags, ...);
int close(int file);
int64_t lseek(int file, int64_t offset, int whence);
intptr_t pread(int file, void *buffer, size_t size, int64_t offset);
]]

local PATH = '/var/www/html/.inception/cache/generation'
local WORD = 16
local PLACES = 65536
local LENGTH = 2 * WORD + PLACES * 2 * WORD
local SEEK_END = 2
-- PHP may write here. What it puts in place of the file, a link or a pipe, is neither followed nor waited for:
-- O_CLOEXEC, O_NONBLOCK, O_NOCTTY and O_NOFOLLOW, the last of which has another number on ARM.
local FLAGS = 0x80000 + 0x800 + 0x100 + (jit.arch == 'arm64' and 0x8000 or 0x20000)

local C, string_of, time, md5, find, sub = ffi.C, ffi.string, ngx.time, ngx.md5, string.find, string.sub
local site = ffi.new('char[?]', 2 * WORD)
local page = ffi.new('char[?]', 2 * WORD)
local file = -1
local opened = 0

local generation = {}

-- Returns the words for an address, or an empty string when there are none: then no cached page is used.
function generation.read(address)
    -- Opened anew each second, in case the file was replaced and not overwritten, as by a backup.
    local now = time()
    if now ~= opened then
        if file >= 0 then
            C.close(file)
        end
        file = C.open(PATH, FLAGS)
        opened = now
        -- Only a file can have a length, and only this file has that one.
        if file >= 0 and C.lseek(file, 0, SEEK_END) ~= LENGTH then
            C.close(file)
            file = -1
        end
    end
    if file < 0 or C.pread(file, site, 2 * WORD, 0) ~= 2 * WORD or site[0] == 0 then
        return ''
    end
    -- A query may make any page of it.
    if not find(address, '?', 1, true) then
        local hash = md5(address)
        local place = 2 * WORD * (1 + tonumber(sub(hash, 1, 4), 16))
        if C.pread(file, page, 2 * WORD, place) == 2 * WORD and string_of(page, WORD) == sub(hash, 5, 4 + WORD) then
            return string_of(site, WORD) .. string_of(page + WORD, WORD)
        end
    end
    return string_of(site, 2 * WORD)
end

return generation
