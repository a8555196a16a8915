-- Asks for places of one recipient domain through one account; gives what every limit allows.
-- A limit is counted in 60 cells of its window and the one that runs: so in no window of that
-- length can there be more than it says. Times are Redis's own, so workers' clocks do not matter.
--
-- KEYS: line, slow (domain), slow (account), then the counter of each set limit.
-- ARGV: wanted, cap of a slow pace, seconds after which it doubles, then most and window of each
-- set limit. wanted below 0 gives places back.
-- Returns: places, seconds until the first put-off one may go, seconds between them.
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1e6
local wanted = tonumber(ARGV[1])
local cap, regain = tonumber(ARGV[2]), tonumber(ARGV[3])

local limits = {}
for i = 4, #KEYS do
  local at = 4 + (i - 4) * 2
  table.insert(limits, {KEYS[i], tonumber(ARGV[at]), tonumber(ARGV[at + 1])})
end
for i = 2, 3 do
  local rate = redis.call('HGET', KEYS[i], 'rate')
  if rate then
    local since = tonumber(redis.call('HGET', KEYS[i], 'at'))
    rate = math.floor(tonumber(rate) * 2 ^ math.floor((now - since) / regain))
    if rate < cap then
      table.insert(limits, {KEYS[i] .. ':sent', rate, 60})
    else
      redis.call('DEL', KEYS[i])
    end
  end
end

local function cells(limit)
  local current, sum, oldest = math.floor(now * 60 / limit[3]), 0, nil
  local all = redis.call('HGETALL', limit[1])
  for i = 1, #all, 2 do
    local cell = tonumber(all[i])
    if cell < current - 60 then
      redis.call('HDEL', limit[1], all[i])
    else
      sum = sum + tonumber(all[i + 1])
      if not oldest or cell < oldest then oldest = cell end
    end
  end
  return current, sum, oldest
end

if wanted < 0 then
  for _, limit in ipairs(limits) do
    local current, left = cells(limit), -wanted
    for cell = current, current - 60, -1 do
      local there = tonumber(redis.call('HGET', limit[1], cell) or 0)
      local back = math.min(there, left)
      if back > 0 then redis.call('HINCRBY', limit[1], cell, -back) end
      left = left - back
      if left <= 0 then break end
    end
  end
  return {0, '0', '0'}
end

local places, found = wanted, {}
for i, limit in ipairs(limits) do
  local current, sum, oldest = cells(limit)
  found[i] = {current, sum, oldest}
  places = math.min(places, math.max(0, limit[2] - sum))
end
local wait, gap = 0, 0
for i, limit in ipairs(limits) do
  local current, sum, oldest = found[i][1], found[i][2], found[i][3] or found[i][1]
  if places > 0 then
    redis.call('HINCRBY', limit[1], current, places)
    redis.call('EXPIRE', limit[1], math.ceil(limit[3] * 2))
  end
  if places < wanted and limit[2] - sum <= places then
    wait = math.max(wait, (oldest + 61) * limit[3] / 60 - now)
    gap = math.max(gap, limit[3] / limit[2])
  end
end
if places < wanted then
  local from = math.max(now + wait, tonumber(redis.call('GET', KEYS[1]) or 0))
  local ends = from + (wanted - places) * gap
  redis.call('SET', KEYS[1], string.format('%.3f', ends), 'EX', math.ceil(ends - now) + 1)
  wait = from - now
end
return {places, string.format('%.3f', wait), string.format('%.3f', gap)}
