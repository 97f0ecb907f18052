import { describe, expect, it } from 'vitest'
import { DEFAULTS, type InputName } from '../../src/action/input-names.ts'
import { InputReader } from '../../src/action/input-reader.ts'
import { readStrategy } from '../../src/action/strategy-inputs.ts'

const SLUG = '01234567-89ab-cdef-0123-456789abcdef'

function read(inputs: Partial<Record<InputName, string>>) {
  const reader = new InputReader((name) => inputs[name as InputName] ?? '')
  return { strategy: readStrategy(reader), problems: reader.problems }
}
const good = (inputs: Partial<Record<InputName, string>>) => {
  const { strategy, problems } = read(inputs)
  expect(problems).toEqual([])
  return strategy
}

describe('a strategy', () => {
  it('is a push unless another is named', () => {
    expect(good({})).toEqual({ kind: 'git-push' })
    expect(good({ 'app-dir': 'services/shop', 'force-push': 'true', 'drain-at': 'release-phase' })).toEqual({
      kind: 'git-push',
    })
  })

  it('is a promotion from another app', () => {
    const inputs = { strategy: 'promote', 'promote-from': 'shop-staging', 'heroku-app': 'shop' } as const
    expect(good(inputs)).toEqual({ kind: 'promote', from: 'shop-staging' })
  })

  it.each(['', 'v1', 'v999999999', SLUG])('is the slug %j', (slug) => {
    expect(good({ strategy: 'slug', slug })).toEqual({ kind: 'slug', slug })
  })

  it.each<[string, string, readonly string[]]>([
    ['["heroku"]', 'heroku', []],
    ['["script/release", "clock", "", "a b", "$HOME"]', 'script/release', ['clock', '', 'a b', '$HOME']],
    ['[\n  "heroku",\n  "container:release"\n]', 'heroku', ['container:release']],
  ])('is the command %j', (command, program, args) => {
    expect(good({ strategy: 'command', command })).toEqual({ kind: 'command', program, args })
  })

  it.each([
    ['script/release', './script/release'],
    ['./script/release', './script/release'],
    ['-x', './-x'],
    ['..release', './..release'],
    ['a..b/c', './a..b/c'],
    ['r', './r'],
  ])('is the script %s of the checkout', (file, program) => {
    expect(good({ strategy: 'command', 'command-file': file })).toEqual({
      kind: 'command',
      program,
      args: [],
    })
  })

  it('is not troubled by what the runner hands over of inputs that nobody has set', () => {
    for (const strategy of ['git-push', 'slug'] as const)
      expect(good({ ...DEFAULTS, strategy })).toMatchObject({ kind: strategy })
  })
})

describe('a problem', () => {
  it.each<[Partial<Record<InputName, string>>, RegExp]>([
    [{ strategy: 'push' }, /^strategy is "push"\. Expected git-push, promote, slug or command\.$/],
    [
      { strategy: 'promote' },
      /^promote-from is missing\. Expected the name of a Heroku app.*such as shop-staging\.$/,
    ],
    [{ strategy: 'promote', 'promote-from': 'Shop' }, /^promote-from is "Shop"\. Expected the name/],
    [
      { strategy: 'promote', 'promote-from': 'shop', 'heroku-app': 'shop' },
      /^promote-from \(shop\) is heroku-app itself\. Expected another app of its pipeline/,
    ],
    [{ strategy: 'slug', slug: '41' }, /^slug is "41"\. Expected a release \(v41\), a slug's id, or nothing/],
    [{ strategy: 'slug', slug: 'v0' }, /^slug is "v0"/],
    [{ strategy: 'slug', slug: 'v1000000000' }, /^slug is "v1000000000"/],
    [{ strategy: 'slug', slug: `${SLUG}/../x` }, /^slug is "/],
    [
      { strategy: 'command' },
      /^command is missing\. Expected a JSON array of texts.*or command-file, a script/,
    ],
    [
      { strategy: 'command', command: '["a"]', 'command-file': 'b' },
      /^command-file stands beside command\. Give one of them\.$/,
    ],
  ])('%j', (inputs, problem) => {
    expect(read(inputs).problems).toEqual([expect.stringMatching(problem)])
  })

  it.each([
    'heroku container:release',
    '[]',
    '[""]',
    '["", "a"]',
    '["a", 1]',
    '["a", ["b"]]',
    '{"0": "a"}',
    '"a"',
    'null',
    '["a\\u0000"]',
    '["a"',
  ])('is the command %s', (command) => {
    const { problems } = read({ strategy: 'command', command })
    expect(problems).toEqual([
      expect.stringMatching(/^command is .*\. Expected a JSON array of texts, the program first/),
    ])
  })

  it.each(['/etc/passwd', '../release', 'a/../../b', 'a/..', '..', 'a\nb', 'a\u0000b', 'x'.repeat(252)])(
    'is the script %j, which is not in the checkout',
    (file) => {
      const { problems } = read({ strategy: 'command', 'command-file': file })
      expect(problems).toEqual([
        expect.stringMatching(/^command-file is .*\. Expected the path of a script in the checkout/),
      ])
    },
  )

  it.each<[InputName, string, string, string]>([
    ['app-dir', 'services/shop', 'promote', 'git-push'],
    ['force-push', 'true', 'slug', 'git-push'],
    ['drain-at', 'release-phase', 'command', 'git-push'],
    ['promote-from', 'shop-staging', 'git-push', 'promote'],
    ['slug', 'v41', 'git-push', 'slug'],
    ['command', '["a"]', 'slug', 'command'],
    ['command-file', 'release', 'git-push', 'command'],
  ])('is %s (%s) under strategy: %s', (name, value, strategy, other) => {
    expect(read({ strategy, [name]: value }).problems).toContain(
      `${name} (${JSON.stringify(value)}) means nothing under strategy: ${strategy}. Leave it out, or say strategy: ${other}.`,
    )
  })

  it('of a misspelled strategy is that alone: nothing follows from it', () => {
    expect(read({ strategy: 'promot', 'promote-from': 'shop-staging' }).problems).toHaveLength(1)
  })
})
