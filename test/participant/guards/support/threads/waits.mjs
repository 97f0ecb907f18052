// A job that ends when the test says so, or is cancelled unless it is deaf.
import { parentPort, workerData } from 'node:worker_threads'

parentPort.on('message', (message) => {
  if (message === 'end') parentPort.close()
  if (message === 'cancel' && !workerData.deaf) parentPort.postMessage('cancelled')
})
