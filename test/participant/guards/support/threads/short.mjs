// A job that is soon done.
import { setTimeout as sleep } from 'node:timers/promises'

await sleep(10)
