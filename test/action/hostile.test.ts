import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as core from '@actions/core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { actionsLog, annotateError, group } from '../../src/action/actions-log.ts'
import { renderGantt } from '../../src/action/gantt.ts'
import { writeOutputs } from '../../src/action/outputs.ts'
import { renderSummary } from '../../src/action/summary.ts'
import type { DeployReport } from '../../src/deploy/report.ts'
import { busy } from '../../src/gate/complaint.ts'
import { HOSTILE, INERT } from '../support/hostile.ts'
import { parseCommandFile } from '../support/runner/command-file.ts'
import { StepLog } from '../support/runner/step-log.ts'

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

/** What the runner makes of all that `work` writes to standard output. */
async function runnerOf(work: () => unknown): Promise<StepLog> {
  const written: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0)
  await work()
  vi.restoreAllMocks()
  const log = new StepLog()
  for (const line of written.join('').split(/\r\n|[\r\n]/)) {
    expect(line).toMatch(INERT)
    log.read(line)
  }
  return log
}

describe.each(HOSTILE)('%s in a text from outside', (_does, text) => {
  it('is no command in a line of the log', async () => {
    const log = await runnerOf(() => {
      actionsLog.info(text)
      actionsLog.info(`clock.1: 2 jobs running (${text})`)
      actionsLog.info('canary')
    })
    expect(log.obeyed).toEqual([])
    expect(log.shown).toMatch(/canary$/m)
  })

  it('is the message of a warning, a heading or an error, and nothing else', async () => {
    const log = await runnerOf(async () => {
      actionsLog.warning(text)
      await group(text, async () => {})
      annotateError('Deploy: failed', `${text}\nNext: ${text}`)
      annotateError(
        'Deploy: busy',
        busy(JSON.stringify({ name: text, runUrl: text, commit: text }), 1).message,
      )
      actionsLog.info('canary')
    })
    expect(log.obeyed).toEqual(['warning', 'group', 'endgroup', 'error', 'error'])
    expect(log.annotations.map(({ title, at }) => ({ title, at }))).toEqual([
      { title: '', at: {} },
      { title: 'Deploy: failed', at: {} },
      { title: 'Deploy: busy', at: {} },
    ])
    for (const { message } of log.annotations) {
      expect(message.length).toBeLessThan(200_000)
      for (const line of message.split('\n')) expect(line).toMatch(INERT)
    }
  })

  it('changes nothing in the structure of the summary', () => {
    expect(skeleton(renderSummary(reportOf(text)))).toEqual(skeleton(renderSummary(reportOf('x'))))
    expect(skeleton(renderSummary(reportOf(`\`${text}\``)))).toEqual(skeleton(renderSummary(reportOf('x'))))
  })

  it('names one bar of the chart', () => {
    const [style, ...lines] = renderGantt(reportOf(text).spans).split('\n')
    const [harmlessStyle, ...harmless] = renderGantt(reportOf('x').spans).split('\n')
    expect(style).toBe(harmlessStyle)
    const own = harmless.indexOf('  12 s x :2001-01-01T00:00:01.000, 2001-01-01T00:00:13.300')
    expect(own).toBeGreaterThan(0)
    expect(lines.toSpliced(own, 1)).toEqual(harmless.toSpliced(own, 1))
    expect(lines[own]).toMatch(
      /^ {2}12 s [\p{L}\p{N} ._/=+?…-]{1,60} :2001-01-01T00:00:01\.000, 2001-01-01T00:00:13\.300$/u,
    )
  })

  it('stays the value of its own output', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gate-outputs-'))
    const file = join(folder, 'output')
    writeFileSync(file, '')
    vi.stubEnv('GITHUB_OUTPUT', file)
    const report = reportOf(text)
    writeOutputs(report, core.setOutput)
    const outputs = parseCommandFile(readFileSync(file, 'utf8'))
    rmSync(folder, { recursive: true })
    const names = ['commit', 'drain-seconds', 'drained', 'jobs-finished', 'jobs-stored', 'outcome']
    expect(Object.keys(outputs).sort()).toEqual([...names, 'quiet-seconds', 'release', 'rollback', 'url'])
    expect(outputs.outcome).toBe('failed')
    expect(outputs.drained).toMatch(INERT)
    expect(outputs.drained).not.toMatch(/['`$\u2018-\u201b]/)
    // What is too long for a step's environment is left out, and never cut.
    const tooLong = JSON.stringify(report.participants.map(({ note: _, ...rest }) => rest)).length > 100_000
    expect(JSON.parse(outputs.drained ?? '')).toEqual(tooLong ? [] : report.participants)
  })
})

/** Everything that can come from outside is `text`. */
function reportOf(text: string): DeployReport {
  return {
    outcome: 'failed',
    message: oneParagraph(text),
    next: text || 'x',
    app: `shop${text}`,
    participants: [
      { id: text, dyno: text, type: text, state: text, note: text, finished: 2, stored: 1, lost: 0 },
    ],
    jobsFinished: 2,
    jobsStored: 1,
    release: `v43${text}`,
    rollback: `v44${text}`,
    commit: `1${text}`,
    url: new URL(`?${encodeURIComponent(text.toWellFormed()).slice(0, 2_000)}`, 'https://shop.example.com')
      .href,
    warnings: [text],
    spans: [
      { name: text, section: 'gate', fromMs: 1_000, toMs: 13_300, failed: false },
      { name: 'push and build', section: 'heroku', fromMs: 13_400, toMs: 40_000, failed: false },
    ],
  }
}

/** A message has paragraphs of its own; what is quoted in it has no line breaks of its own to begin another with. */
function oneParagraph(text: string): string {
  return `Said: "${text.replaceAll('\n', ' ')}"`
}

/** What in each line markdown, HTML and GitHub act on. The chart stands in a fence and is looked at by itself. */
function skeleton(summary: string): string[] {
  expect(summary.split('```')).toHaveLength(3)
  const prose = summary
    .replace(/```mermaid\n[\s\S]*?\n```/, '')
    .replace(/\(<https:\/\/shop\.example\.com\/[^\s<>]*>\)/, '()')
  // GitHub looks for mentions once entities are read.
  expect(prose).not.toMatch(/https?:\/\/|www\.|(?:@|&#64;)\w|^- {2,}/im)
  return prose.split('\n').map((line) => {
    expect(line).toMatch(INERT)
    const indented = line.startsWith(' ') ? '>' : ''
    // Quoted words may be code; it ends where it began.
    const inert = line.replace(/&(?:#\d+|amp|lt|gt);|<span>@<\/span>/g, '')
    const left = inert.replace(/<code>[^<`]*<\/code>/g, '')
    return indented + left.replace(/[^\\`*_{}[\]()#+\-.!|<>&~@:$=]/g, '')
  })
}
