import { expect } from 'vitest'
import { Deployer } from '../../participant/support/deployer.ts'

/** The deployer's side on one of several servers. */
export class DeployerAtServer extends Deployer implements AsyncDisposable {
  constructor(port: number, password = '') {
    super(`redis://${password && `:${encodeURIComponent(password)}@`}127.0.0.1:${port}`)
  }

  /** Resolves with the row of the participant when it has beaten on this server after `since`: a row may have come here as a copy. */
  async beatenSince(since: number) {
    const seen = async () => (await this.row())?.seen ?? 0
    await expect.poll(seen, { timeout: 60_000, interval: 100 }).toBeGreaterThan(since)
    return this.row()
  }

  async [Symbol.asyncDispose]() {
    this.redis.disconnect()
  }
}
