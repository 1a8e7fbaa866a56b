#!/usr/bin/lua5.4
-- A language's own tests of itself would be longer; this takes memory, files, numbers and processes.
print(_VERSION, 7 // 2, 7 / 2, 2^53, 1e308 * 10, -7 % 3, math.maxinteger)
print(string.format("%5.3f %q %s %g", math.pi, "two\nlines", ("x"):rep(3), 1e-10))
local words = {}
for word in ("the quick brown fox jumps over the lazy dog"):gmatch("%a+") do words[#words + 1] = word end
table.sort(words)
print(#words, table.concat(words, " "))
local sum, t = 0, {}
for i = 1, 200000 do t[i] = i * i end
for i, v in ipairs(t) do sum = sum + v % 7 end
print(sum)
t = nil
collectgarbage()
print(collectgarbage("count") < 1000)
local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
print(co(), co(), co())
local name = "/tmp/lua.test"
local file = assert(io.open(name, "w"))
for i = 1, 1000 do file:write(i, "\n") end
file:close()
local lines = 0
for line in io.lines(name) do lines = lines + tonumber(line) end
print(lines)
file = io.open(name, "r+")
file:seek("set", 10)
print(file:read("l", "n"), file:seek("cur"), file:seek("end"))
file:close()
print(os.rename(name, name .. "2"), os.remove(name .. "2"), (io.open(name)))
print(pcall(error, { code = 5 }) == false, select(2, pcall(error, "message", 0)))
print(os.execute("exit 3"))
local pipe = io.popen("echo from a shell; exit 4")
print(pipe:read("a"), pipe:close())
print(os.getenv("HOME"), os.time() > 1600000000, os.clock() >= 0)
local ok, message = pcall(string.rep, "x", 1 << 40)
print(ok, message)
