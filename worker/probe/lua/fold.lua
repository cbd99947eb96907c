-- Closes one slot: what the regions wrote becomes one entry of the stream, exactly once. Afterwards only the mark
-- stays, which refuses whoever comes late; the outcomes live on in the stream and in the history.
-- JSON is joined as text: decoding it here would round numbers and lose [].
local function fold(slot, due, stream, now, ttl, member)
  redis.call('ZREM', due, member)
  if redis.call('HEXISTS', slot, 'sealed') == 1 then return 'already' end
  local head = redis.call('HGET', slot, 'head')
  if not head then return 'gone' end
  local parts = { o = {}, t = {} }
  local fields = redis.call('HGETALL', slot)
  for i = 1, #fields, 2 do
    local kind, region = string.match(fields[i], '^([ot]):(.+)$')
    if kind then table.insert(parts[kind], '"' .. region .. '":' .. fields[i + 1]) end
  end
  table.sort(parts.o)
  table.sort(parts.t)
  local entry = string.sub(head, 1, -2) .. ',"outcomes":{' .. table.concat(parts.o, ',') .. '},"transcripts":{' .. table.concat(parts.t, ',') .. '}}'
  redis.call('XADD', stream, '*', 'sealed', entry)
  redis.call('DEL', slot)
  redis.call('HSET', slot, 'sealed', now)
  redis.call('EXPIRE', slot, ttl)
  return 'sealed'
end
