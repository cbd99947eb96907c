-- Closes one slot: what the regions wrote becomes one entry of the stream, exactly once. Afterwards only one bit stays,
-- which refuses whoever comes late; the outcomes live on in the stream and in the history.
-- JSON is joined as text: decoding it here would round numbers and lose [].
local function fold(slot, due, stream, shut, bit, ttl, member)
  redis.call('ZREM', due, member)
  if redis.call('GETBIT', shut, bit) == 1 then return 'already' end
  local fields = redis.call('HGETALL', slot)
  local parts, head = { o = {}, t = {} }, nil
  for i = 1, #fields, 2 do
    local kind, region = string.match(fields[i], '^([ot]):(.+)$')
    if kind then table.insert(parts[kind], '"' .. region .. '":' .. fields[i + 1])
    elseif fields[i] == 'head' then head = fields[i + 1] end
  end
  if not head then return 'gone' end
  table.sort(parts.o)
  table.sort(parts.t)
  local entry = string.sub(head, 1, -2) .. ',"outcomes":{' .. table.concat(parts.o, ',') .. '},"transcripts":{' .. table.concat(parts.t, ',') .. '}}'
  redis.call('XADD', stream, '*', 'sealed', entry)
  redis.call('DEL', slot)
  if redis.call('SETBIT', shut, bit, 1) == 0 and redis.call('TTL', shut) < 0 then redis.call('EXPIRE', shut, ttl) end
  return 'sealed'
end
