import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readAction } from './runner/action.ts'
import { parseCommandFile } from './runner/command-file.ts'
import { leaks, type StepOptions, startStep } from './runner/runner.ts'
import { parseCommand } from './runner/workflow-command.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gate-action-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const YAML = `
name: test
inputs:
  the-word: { default: plain }
  two words: { default: 3 }
  none: { required: true }
runs: { using: node24, main: lib/main.js, post: lib/post.js }
`
/** An action whose files are these lines of JavaScript. */
function action(main: string, post = '', yaml = YAML): string {
  mkdirSync(join(folder, 'lib'), { recursive: true })
  const head = "import { appendFileSync } from 'node:fs'\nimport { spawn } from 'node:child_process'\n"
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'action.yml'), yaml)
  writeFileSync(join(folder, 'lib/main.js'), head + main)
  writeFileSync(join(folder, 'lib/post.js'), head + post)
  return folder
}
const start = (main: string, options: StepOptions & { post?: string } = {}) =>
  startStep({ action: action(main, options.post), ...options })

describe('what a step is given', () => {
  it('has its inputs, and the defaults of those that were left out', async () => {
    await using step = start(
      "console.log(Object.entries(process.env).filter(([name]) => name.startsWith('INPUT_')).map((pair) => pair.join('=')).sort().join('|'))",
      { inputs: { 'the-word': 'given' } },
    )
    expect((await step.done).log).toBe('INPUT_NONE=|INPUT_THE-WORD=given|INPUT_TWO_WORDS=3')
  })

  it('is warned about an input that action.yml does not know', async () => {
    await using step = start('', { inputs: { 'the-wrod': 'x' } })
    expect((await step.done).annotations[0]?.message).toContain("Unexpected input(s) 'the-wrod'")
  })

  it('has the variables of the runner and of the workflow, and nobody else’s', async () => {
    process.env.OF_THIS_MACHINE = 'yes'
    await using step = start(
      'console.log(process.cwd() === process.env.GITHUB_WORKSPACE, process.env.CI, process.env.OWN, process.env.OF_THIS_MACHINE, process.version)',
      { env: { OWN: 'own' }, workspace: folder },
    )
    delete process.env.OF_THIS_MACHINE
    expect((await step.done).log).toMatch(/^true true own undefined v24\./)
  })

  it('can be the action of this repository', () => {
    const { inputs, main, post } = readAction(join(import.meta.dirname, '../..'))
    expect(inputs.get('processes')).toBe('clock')
    expect(main).toMatch(/dist\/main\.js$/)
    expect(post).toMatch(/dist\/post\.js$/)
  })

  it('is not an action with a default that would have to be evaluated', async () => {
    const yaml = `inputs: { token: { default: "\${{ github.token }}" } }\nruns: { using: node24, main: a.js }`
    expect(() => readAction(action('', '', yaml))).toThrow('default of token is an expression')
    expect(() => readAction(action('', '', 'runs: { using: composite }'))).toThrow('runs.using is not node')
  })
})

describe('what a step says', () => {
  it('is shown as the runner shows it', async () => {
    await using step = start(`
      console.log('::group::Push%0Anow')
      console.log('plain 100%25')
      console.log('::endgroup::')
      console.log('::debug::not shown')
      console.log('::unknown::is plain')
      console.log('::error title=Too%3A late%2C again,file=a.js::one%0Atwo 100%25')
      console.log('remote: ##[warning]old style')
    `)
    const { log, annotations } = await step.done
    expect(log.split('\n')).toEqual([
      '##[group]Push',
      'now',
      'plain 100%25',
      '##[endgroup]',
      '::unknown::is plain',
      '##[error]one',
      'two 100%',
      '##[warning]old style',
    ])
    expect(annotations).toEqual([
      { level: 'error', title: 'Too: late, again', message: 'one\ntwo 100%', at: { file: 'a.js' } },
      { level: 'warning', title: '', message: 'old style', at: {} },
    ])
  })

  it('is masked from the mask on, and what leaked can be found', async () => {
    await using step = start(`
      console.log('early secret')
      console.log('::add-mask::secret')
      console.log('::add-mask::secret-and-more%0Asecond line')
      console.log('late secret, secret-and-more, second line')
      console.log('::error title=secret::secret')
      appendFileSync(process.env.GITHUB_STEP_SUMMARY, 'a secret')
    `)
    const { log, raw, annotations, summary } = await step.done
    expect(log.split('\n')).toEqual(['early secret', 'late ***, ***, ***', '##[error]***'])
    expect(annotations[0]).toMatchObject({ title: '***', message: '***' })
    expect(summary).toBe('a ***')
    expect(leaks(raw, 'secret')).toEqual([
      'early secret',
      'late secret, secret-and-more, second line',
      '::error title=secret::secret',
    ])
    expect(leaks(raw, 'absent')).toEqual([])
  })

  it('is no command between stop-commands and its token', async () => {
    await using step = start(`
      console.log('::stop-commands::abc')
      console.log('::error::not obeyed')
      console.log('::abc::')
      console.log('::error::obeyed')
    `)
    const { log, annotations } = await step.done
    expect(log).toBe('::error::not obeyed\n##[error]obeyed')
    expect(annotations.map(({ message }) => message)).toEqual(['obeyed'])
  })

  it('is read on stderr too, and a line without an end as well', async () => {
    await using step = start("process.stderr.write('::notice::from stderr')")
    expect((await step.done).annotations[0]).toMatchObject({ level: 'notice', message: 'from stderr' })
  })
})

describe('how a step ends', () => {
  it('gives its code, outputs, state and summary', async () => {
    await using step = start(`
      appendFileSync(process.env.GITHUB_OUTPUT, 'word<<EOF\\nfirst\\nEOF\\nlines<<EOF_1\\na=b\\n\\nc\\nEOF_1\\nword=last\\n')
      appendFileSync(process.env.GITHUB_STATE, 'hold=abc\\n')
      appendFileSync(process.env.GITHUB_STEP_SUMMARY, '# Done')
      process.exitCode = 3
    `)
    expect(await step.done).toMatchObject({
      code: 3,
      signal: null,
      outputs: { word: 'last', lines: 'a=b\n\nc' },
      state: { hold: 'abc' },
      summary: '# Done',
    })
  })

  it('loses a summary that is too large, and is told of a broken output', async () => {
    await using step = start(`
      appendFileSync(process.env.GITHUB_STEP_SUMMARY, 'x'.repeat(1024 * 1024 + 1))
      appendFileSync(process.env.GITHUB_OUTPUT, 'word<<EOF\\nnever ends')
    `)
    const { summary, annotations } = await step.done
    expect(summary).toBe('')
    expect(annotations.map(({ message }) => message)).toEqual([
      expect.stringContaining("file command 'output'"),
      expect.stringContaining("delimiter not found 'EOF'"),
      expect.stringContaining('1024k'),
    ])
  })

  it('waits for lines, those to come and those that have been', async () => {
    await using step = start("setImmediate(() => console.log('ready at v42')); setInterval(() => {}, 1_000)")
    expect((await step.waitForLine(/ready at (v\d+)/))[1]).toBe('v42')
    expect((await step.waitForLine(/ready/))[0]).toBe('ready')
    await expect(step.waitForLine(/never/, { timeoutMs: 1 })).rejects.toThrow(
      /\/never\/.*1 ms(.|\n)*ready at v42/,
    )
    const missing = expect(step.waitForLine(/never/)).rejects.toThrow('the step ended (SIGINT)')
    await step.cancel()
    await missing
  })

  it('is asked by SIGINT to end, and may end in its own way', async () => {
    await using step = start(
      "process.on('SIGINT', () => { console.log('leaving'); process.exit(7) }); console.log('ready'); setInterval(() => {}, 1_000)",
    )
    await step.waitForLine(/ready/)
    await step.cancel()
    expect(await step.done).toMatchObject({ code: 7, log: 'ready\nleaving' })
  })

  it('is ended by SIGTERM and SIGKILL if it does not listen', { timeout: 40_000 }, async () => {
    await using step = start(
      "for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => console.log(name)); console.log('ready'); setInterval(() => {}, 1_000)",
    )
    await step.waitForLine(/ready/)
    await step.cancel()
    expect(await step.done).toMatchObject({ code: null, signal: 'SIGKILL', log: 'ready\nSIGINT\nSIGTERM' })
  })

  it('vanishes without its children and without a post step; its scope ends them', async () => {
    let child: number
    {
      await using step = start(
        `const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1_000)'], { detached: true, stdio: 'ignore', env: { HOME: process.env.HOME } })
        console.log('child ' + child.pid)
        setInterval(() => {}, 1_000)`,
      )
      child = Number((await step.waitForLine(/child (\d+)/))[1])
      await step.vanish()
      expect((await step.done).signal).toBe('SIGKILL')
      expect(process.kill(child, 0)).toBe(true)
      await expect(step.post()).rejects.toThrow('no post step')
    }
    // A process that has ended may stay as a zombie, until whoever adopted it looks.
    const status = () => spawnSync('ps', ['-o', 'stat=', '-p', String(child)], { encoding: 'utf8' }).stdout
    await expect.poll(status, { timeout: 20_000 }).toMatch(/^(Z.*)?\s*$/)
  })

  it('is not waited for by whoever keeps its output open', { timeout: 40_000 }, async () => {
    await using step = start(
      `spawn(process.execPath, ['-e', 'setInterval(() => {}, 1_000)'], { detached: true, stdio: 'inherit' }).unref()
      console.log('gone')`,
    )
    expect(await step.done).toMatchObject({ code: 0, log: 'gone' })
  })
})

it('runs the post step with the state and the inputs', async () => {
  await using step = start(
    "appendFileSync(process.env.GITHUB_STATE, 'hold<<X\\nof\\nlines\\nX\\n'); process.exit(1)",
    {
      inputs: { 'the-word': 'given' },
      post: "console.log(process.env.STATE_hold.replace('\\n', ' '), process.env['INPUT_THE-WORD']); appendFileSync(process.env.GITHUB_OUTPUT, 'own=1')",
    },
  )
  const { code, log, outputs, elapsedMs } = await step.post()
  expect({ code, log, outputs }).toEqual({ code: 0, log: 'of lines given', outputs: { own: '1' } })
  expect(elapsedMs).toBeGreaterThan(0)
})

it('reads commands and command files as the runner does', () => {
  expect(parseCommand('  ::error file=a,line=1::x')?.properties).toEqual(
    new Map([
      ['file', 'a'],
      ['line', '1'],
    ]),
  )
  expect(parseCommand('text ::error::x')).toBeUndefined()
  expect(parseCommand('::warning::a::b')?.message).toBe('a::b')
  expect(parseCommandFile('a=b<<c\r\nd<<E\r\n1\r\n2\r\nE\r\n')).toEqual({ a: 'b<<c', d: '1\n2' })
  expect(() => parseCommandFile('nothing')).toThrow("Invalid format 'nothing'")
})
