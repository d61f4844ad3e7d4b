-- The generation of the site's content: a random word in a file that WordPress overwrites before it
-- acknowledges an edit. It is part of the key of every cached page, so what was made before an edit is
-- never found after it.
--
-- The file is read for every page (one system call on an open file, about a microsecond): nothing has to
-- be told to NGINX, so nothing can fail to reach it.
local ffi = require 'ffi'

ffi.cdef [[
int open(const char *path, int flags, ...);
int close(int file);
int64_t lseek(int file, int64_t offset, int whence);
intptr_t pread(int file, void *buffer, size_t size, int64_t offset);
]]

local PATH = '/var/www/html/.inception/cache/generation'
local LENGTH = 16
local SEEK_END = 2
-- PHP may write here. What it puts in place of the file, a link or a pipe, is neither followed nor waited for:
-- O_CLOEXEC, O_NONBLOCK, O_NOCTTY and O_NOFOLLOW, the last of which has another number on ARM.
local FLAGS = 0x80000 + 0x800 + 0x100 + (jit.arch == 'arm64' and 0x8000 or 0x20000)

local C, string_of, time = ffi.C, ffi.string, ngx.time
local buffer = ffi.new('char[?]', LENGTH)
local file = -1
local opened = 0

local generation = {}

-- Returns the word, or an empty one when there is none: then no cached page is used.
function generation.read()
    -- Opened anew each second, in case the file was replaced and not overwritten, as by a backup.
    local now = time()
    if now ~= opened then
        if file >= 0 then
            C.close(file)
        end
        file = C.open(PATH, FLAGS)
        opened = now
        -- Only a file can have a length, and only the word has this one.
        if file >= 0 and C.lseek(file, 0, SEEK_END) ~= LENGTH then
            C.close(file)
            file = -1
        end
    end
    if file < 0 or C.pread(file, buffer, LENGTH, 0) ~= LENGTH then
        return ''
    end
    return string_of(buffer, LENGTH)
end

return generation
