-- A server said that it is too much at once: the pace to it is set low, or halved.
-- KEYS: slow. ARGV: first rate a minute, cap, seconds after which it doubles, seconds for which
-- many replies count as one. Returns whether this changed it.
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1e6
local first, cap = tonumber(ARGV[1]), tonumber(ARGV[2])
local regain, once = tonumber(ARGV[3]), tonumber(ARGV[4])

local rate, since = redis.call('HGET', KEYS[1], 'rate'), nil
if rate then
  since = tonumber(redis.call('HGET', KEYS[1], 'at'))
  if now - since < once then return 0 end
  rate = tonumber(rate) * 2 ^ math.floor((now - since) / regain)
  rate = rate < cap and math.max(1, math.floor(rate / 2)) or first
else
  rate = first
end
local lasts = regain * math.ceil(math.log(cap / rate) / math.log(2))
redis.call('HSET', KEYS[1], 'rate', rate, 'at', string.format('%.3f', now))
redis.call('EXPIRE', KEYS[1], math.ceil(lasts) + 1)
return 1
