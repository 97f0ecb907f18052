import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { acquire } from '../../src/protocol/drain.ts'
import { gateKeys } from '../../src/protocol/keys.ts'
import { refusalAnswer, releasesAnswer, slugAnswer } from '../heroku/support/answers.ts'
import { COMMANDS, HOSTILE, MARKUP, TERMINAL } from '../support/hostile.ts'
import type { StepResult } from '../support/runner/runner.ts'
import { joinByHand } from './support/participant.ts'
import { openScene, type Scene } from './support/scene.ts'

/** One text with all of them: some do something at its beginning alone, and come first in a text of their own elsewhere. */
const ALL = [...COMMANDS, ...TERMINAL, ...MARKUP].map(([, text]) => text).join(' ')

/** Fails if the runner, a terminal or a browser would do anything that the step itself did not mean. */
function assertInert({ raw, obeyed, annotations, summary, outputs }: StepResult): void {
  expect(raw.replaceAll('\n', '')).not.toMatch(/\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/u)
  expect([...new Set(obeyed)].filter((name) => !OWN.includes(name))).toEqual([])
  for (const { message, title, at } of annotations) {
    expect(message).not.toMatch(/^\s*\/?pwned/)
    expect(title).toMatch(/^(Deploy: [a-z-]+)?$/)
    expect(at).toEqual({})
  }
  expect(summary).not.toMatch(
    /<(?!code>|\/code>|span>@<\/span>|\/span>|https:\/\/shop)|\]\((?!<https:\/\/shop)|^ {0,3}(#+|>|~~~) ?pwned/m,
  )
  // A chart of one bar is left out.
  expect([1, 3]).toContain(summary.split('```').length)
  expect(outputs.outcome).toMatch(/^[a-z-]+$/)
}
const OWN = ['add-mask', 'group', 'endgroup', 'error', 'warning']

describe('hostile texts are shown, and obeyed by nobody', { timeout: 90_000 }, () => {
  it("of a build, a participant and a release's description", async () => {
    await using scene = await openScene()
    buildPrints(scene, HOSTILE.map(([, text]) => text).join('\n'))
    const before = { version: 42, current: true }
    const after = [
      { version: 44, current: true, description: ALL.slice(0, 180), slug: 'slug-43' },
      { version: 43, status: 'succeeded', current: false },
    ] as const
    scene.world.api.script('/apps/shop/releases', releasesAnswer(before), releasesAnswer(...after))
    scene.world.api.script('/apps/shop/slugs/slug-43', slugAnswer(scene.commit))
    const [, first = ''] = COMMANDS[0] ?? []
    await using _one = joinByHand(scene, {
      note: ALL.slice(0, 200),
      dyno: first,
      release: first,
      app: 'shop',
    })
    await using _two = joinByHand(scene, { note: first, dyno: MARKUP[0]?.[1] ?? '' }, `${first}#b`)
    const result = await scene.step({ 'wait-for-clock': '0' }).done
    expect(result).toMatchObject({ code: 0, outputs: { outcome: 'deployed' } })
    assertInert(result)
    // All of it was there to be shown, and no mask of a payload's covers the word.
    expect(result.log).toMatch(/remote: text .*pwned/)
    expect(result.log).toContain('remote: ::add-mask::canary')
    expect(JSON.parse(result.outputs.drained ?? '')).toHaveLength(2)
  })

  it('of a build that fails', async () => {
    await using scene = await openScene()
    buildPrints(scene, ` !     Push rejected, failed to compile ${ALL}`, 1)
    await using _ = joinByHand(scene, {})
    const result = await scene.step().done
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'build-failed' } })
    assertInert(result)
    expect(result.annotations.filter(({ level }) => level === 'error')).toHaveLength(1)
  })

  it.each([...COMMANDS, ...TERMINAL].filter(([does]) => /hyphen|longer|OSC/.test(does)))(
    'of another deployer: %s',
    async (_does, text) => {
      await using scene = await openScene()
      await askedBy(scene, JSON.stringify({ name: text, runUrl: text, commit: text }))
      const result = await scene.step().done
      expect(result).toMatchObject({ code: 1, outputs: { outcome: 'busy' } })
      assertInert(result)
    },
  )

  it('of the API', async () => {
    await using scene = await openScene()
    scene.world.api.script('/apps/shop', refusalAnswer(422, 'id', ALL))
    const result = await scene.step().done
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'preflight-failed' } })
    assertInert(result)
  })

  it('of a ref, as of a branch in a pull request', async () => {
    await using scene = await openScene()
    const result = await scene.step({ ref: '::error::pwned##[error]<img src=x>`x`$(touch pwned)' }).done
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'preflight-failed' } })
    assertInert(result)
  })
})

function buildPrints({ world, buildWith }: Scene, text: string, code = 0): void {
  const file = join(world.folder, 'printed')
  writeFileSync(file, `${text}\n`)
  buildWith(`echo "-----> Node.js app detected"\ncat '${file}'\nexit ${code}`)
}

async function askedBy({ inRedis }: Scene, asker: string): Promise<void> {
  const request = { id: 'another', leaseMs: 60_000, notAfter: Number.MAX_SAFE_INTEGER, replaces: '' }
  await acquire(inRedis, gateKeys('default'), { ...request, asker, asked: new Map([['clock', 1]]) })
}
