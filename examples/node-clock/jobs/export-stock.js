import { Redis } from 'ioredis'

const { REDIS_URL = '', EXPORT_SECONDS = '40', HEROKU_RELEASE_VERSION = 'some release' } = process.env
// Heroku's Redis has a self-signed certificate.
const tls = REDIS_URL.startsWith('rediss:') && { tls: { rejectUnauthorized: false } }

/** Waits until the warehouse has counted, for EXPORT_SECONDS at most, and exports what it says. Can't be interrupted. */
export async function exportStock() {
  const name = new Date().toISOString().slice(11, 19)
  console.log(`export ${name} started`)
  const redis = new Redis(REDIS_URL, { ...tls })
  try {
    const [, stock] = (await redis.blpop('stock', EXPORT_SECONDS)) ?? ['stock', 'not counted']
    await redis.rpush('exports', `${name} by ${HEROKU_RELEASE_VERSION}: ${stock}`)
  } finally {
    redis.disconnect()
  }
  console.log(`export ${name} finished`)
}
