import { expect, it } from 'vitest'
import { formOf, isElsewhere, isPassing } from '../../src/redis/trouble.ts'

it.each([
  ["READONLY You can't write against a read only replica.", true, true],
  ['MOVED 6918 127.0.0.1:7002', true, true],
  ['CLUSTERDOWN The cluster is down', true, true],
  ['LOADING Redis is loading the dataset in memory', true, true],
  ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", true, true],
  ['NOREPLICAS Not enough good replicas to write.', true, true],
  ['TRYAGAIN Multiple keys request during rehashing of slot', false, true],
  ['ASK 6918 127.0.0.1:7002', false, true],
  ['BUSY Redis is busy running a script.', false, true],
  ["NOPERM this user has no permissions to run the 'get' command", false, false],
  ["OOM command not allowed when used memory > 'maxmemory'.", false, false],
  ['MOVEDsomewhere', false, false],
])('%s: needs a new connection %s, passes %s', (message, elsewhere, passing) => {
  expect(isElsewhere(new Error(message))).toBe(elsewhere)
  expect(isPassing(new Error(message))).toBe(passing)
})

it.each([
  ["ERR unknown command 'evalsha', with args beginning with: 'a94a8fe' '2' ", 'a sentinel'],
  ["ERR unknown command 'get', with args beginning with: 'deploy-gate:{default}:epoch' ", 'a sentinel'],
  ['ERR unknown command `GET`, with args beginning with: `deploy-gate:{default}:epoch`, ', 'a sentinel'],
  ['MOVED 6918 127.0.0.1:7002', 'a node of a Redis Cluster'],
])('%s comes from %s', (message, what) => {
  expect(formOf(new Error(message))?.message).toContain(what)
})

it('another refusal says nothing of the form of the URL', () => {
  expect(formOf(new Error("ERR unknown command 'HELLO', with args beginning with: '3' "))).toBeUndefined()
  expect(formOf(new Error('READONLY You can not write.'))).toBeUndefined()
})
