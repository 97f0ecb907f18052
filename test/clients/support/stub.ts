import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

/** A server that meets everything with `answer`, or hangs up if there is none. `met` is told of each connection. */
export async function startStub(answer: string | undefined, met: () => void = () => {}) {
  const server = createServer((socket) => {
    met()
    socket.on('error', () => {})
    socket.on('data', () => (answer === undefined ? socket.destroy() : socket.write(answer)))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}
