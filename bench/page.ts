import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, type } from 'node:os'
import { join } from 'node:path'
import { type Figure, table } from './figure.ts'

const PAGE = join(import.meta.dirname, '../docs/performance.md')
const BLOCK = /(<!-- begin: script\/bench -->\n)[\s\S]*?(<!-- end: script\/bench -->)/

/** Puts a run into docs/performance.md, with the machine that it was made on. */
export function writePage(figures: readonly Figure[]): void {
  const page = readFileSync(PAGE, 'utf8')
  const block = `\nThe last run of \`script/bench --write\`: ${machine()}.\n\n${table(figures)}\n\n`
  writeFileSync(
    PAGE,
    page.replace(BLOCK, (_, begin: string, end: string) => `${begin}${block}${end}`),
  )
}

function machine(): string {
  const redis = execFileSync(process.env.REDIS_SERVER ?? 'redis-server', ['--version'], { encoding: 'utf8' })
  const version = /v=(\S+)/.exec(redis)?.[1] ?? 'unknown'
  const day = new Date().toISOString().slice(0, 10)
  const cores = `${availableParallelism()} cores (${cpus()[0]?.model.trim() || 'of an unknown kind'})`
  return `${day}, ${cores}, ${type()}, Node ${process.versions.node}, Redis ${version}, everything on one machine`
}
