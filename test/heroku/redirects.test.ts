import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { surroundings } from './support/surroundings.ts'
import { createWorld, rejection, type World } from './support/world.ts'

let world: World
const servers: ReturnType<typeof createServer>[] = []
beforeEach(async () => {
  world = await createWorld()
  world.deployed(world.checkout.commit('one'))
})
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
  await world.end()
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

it('git follows no server that sends it elsewhere, and so takes the token nowhere', {
  timeout: 20_000,
}, async () => {
  const elsewhere: IncomingMessage[] = []
  const other = await serve((request, response) => {
    elsewhere.push(request)
    response.writeHead(302, { Location: `${world.git.url}${request.url}` }).end()
  })
  const asked: IncomingMessage[] = []
  const gitUrl = await serve((request, response) => {
    asked.push(request)
    response.writeHead(302, { Location: `${other}${request.url}` }).end()
  })
  const error = await rejection(world.preflight(surroundings({ env: world.env }), { gitUrl }))
  expect(error).toMatchObject({ outcome: 'preflight-failed' })
  expect(asked.length).toBeGreaterThan(0)
  expect(elsewhere).toEqual([])
})

it('the API client follows none either', { timeout: 20_000 }, async () => {
  const elsewhere: IncomingMessage[] = []
  const other = await serve((request, response) => {
    elsewhere.push(request)
    response.end('{}')
  })
  const apiUrl = await serve((request, response) => {
    response.writeHead(307, { Location: `${other}${request.url}` }).end()
  })
  const error = await rejection(world.preflight(surroundings({ env: world.env }), { apiUrl }))
  expect(error).toMatchObject({ outcome: 'preflight-failed' })
  expect(elsewhere).toEqual([])
})
