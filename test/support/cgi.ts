import type { ServerResponse } from 'node:http'

/**
 * Sends on what a CGI program such as `git http-backend` answers, as it comes. Without a client it is read all the same,
 * so that the program can end. The end is for the caller to send, who knows how the program ended.
 */
export function forward(output: NodeJS.ReadableStream, response: ServerResponse): void {
  let head: Buffer | undefined = Buffer.alloc(0)
  output.on('data', (piece: Buffer) => {
    if (response.destroyed) return
    if (head === undefined) return void response.write(piece)
    head = Buffer.concat([head, piece])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    let status = 200
    for (const line of head.subarray(0, end).toString().split('\r\n')) {
      const [name = '', value = ''] = line.split(/: (.*)/)
      if (name === 'Status') status = Number.parseInt(value, 10)
      else response.setHeader(name, value)
    }
    response.writeHead(status)
    response.write(head.subarray(end + 4))
    head = undefined
  })
}
