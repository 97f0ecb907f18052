import { describe, expect, it } from 'vitest'
import { classify } from '../../src/heroku/classify.ts'

const COMMIT = '752f176e6c67becb8e554567bb513abd869039df'
const URL = 'https://git.heroku.com/shop.git'
const attempted = { app: 'shop', branch: 'main', commit: COMMIT, remoteUrl: URL }
const REF = `${COMMIT}:refs/heads/main`
const PUSH_ERROR = `error: failed to push some refs to '${URL}'`

/** What git 2.39 prints on stdout with --porcelain. */
const porcelain = (flag: string, summary: string) => [`To ${URL}`, `${flag}\t${REF}\t${summary}`, 'Done']
const judge = (code: number | null, stdout: string[], stderr: string[] = []) =>
  classify({ code, stdout, stderr }, attempted)

describe('a push that went through', () => {
  it.each([
    ['fast-forward', ' ', '63e3eec..752f176'],
    ['new branch', '*', '[new branch]'],
    ['forced', '+', '752f176...63e3eec (forced update)'],
  ])('%s', (_name, flag, summary) => {
    expect(judge(0, porcelain(flag, summary), ['remote: Verifying deploy... done.'])).toEqual({
      kind: 'pushed',
    })
  })

  it('is pushed also when its release phase failed: that is for the releases to tell', () => {
    const said = ['remote: Waiting for release.... failed.']
    expect(judge(0, porcelain(' ', '63e3eec..752f176'), said).kind).toBe('pushed')
  })

  it('is up to date when the branch is', () => {
    expect(judge(0, porcelain('=', '[up to date]')).kind).toBe('up-to-date')
  })

  it('is not read off another branch', () => {
    const other = [`To ${URL}`, ` \t${COMMIT}:refs/heads/main2\ta..b`, 'Done']
    expect(judge(0, other).kind).toBe('unknown')
  })
})

describe('a push that failed', () => {
  const declined = porcelain('!', '[remote rejected] (pre-receive hook declined)')
  const rejected = (reason: string) => porcelain('!', `[rejected] (${reason})`)
  it.each([
    [
      'the build',
      'build-failed',
      1,
      declined,
      [
        'remote: -----> Node.js app detected',
        'remote:  !     Push rejected, failed to compile Node.js app.',
        'remote: ',
        'remote:  !     Push failed',
        'remote: !',
        'remote: !\tPush rejected to shop.',
        'remote: ',
        PUSH_ERROR,
      ],
      /^The build of 752f176e for shop failed\. Heroku says: "Push rejected, failed to compile Node\.js app\."$/,
      /build's lines in the log of this step.*push a commit that mends it.*still runs/,
    ],
    [
      'the limit of concurrent builds',
      'push-failed',
      1,
      declined,
      [
        'remote: Building source:',
        'remote: !\tYour account has reached its concurrent builds limit',
        PUSH_ERROR,
      ],
      /limit of concurrent builds.*Heroku says: "Your account has reached its concurrent builds limit"/,
      /run the job again.*`concurrency` group/,
    ],
    [
      'another refusal of the hook',
      'push-failed',
      1,
      declined,
      ['remote:  !     Account is suspended.', PUSH_ERROR],
      /refused before a build began\. Heroku says: "Account is suspended\."/,
      /Heroku's lines in the log of this step.*status\.heroku\.com/,
    ],
    [
      'too many requests',
      'push-failed',
      128,
      [],
      [
        'remote: Too many requests for this Git repo',
        `fatal: unable to access '${URL}/': The requested URL returned error: 429`,
      ],
      /too many git requests for shop/,
      /75 git requests an hour.*run the job again/,
    ],
    [
      'not a fast-forward',
      'push-failed',
      1,
      rejected('non-fast-forward'),
      [PUSH_ERROR, 'hint: Updates were rejected'],
      /Somebody has pushed since/,
      /Merge what is at Heroku.*`force-push: true`/,
    ],
    [
      'fetch first',
      'push-failed',
      1,
      rejected('fetch first'),
      [PUSH_ERROR],
      /Heroku has a commit there/,
      /`force-push: true`/,
    ],
    [
      'stale info',
      'push-failed',
      1,
      rejected('stale info'),
      [PUSH_ERROR],
      /forced push replaces only what it has seen/,
      /heroku releases.*`concurrency` group/,
    ],
    [
      'shallow',
      'push-failed',
      1,
      porcelain('!', '[remote rejected] (shallow update not allowed)'),
      [PUSH_ERROR],
      /shallow clone/,
      /fetch-depth: 0/,
    ],
    [
      'a lock',
      'push-failed',
      1,
      porcelain('!', '[remote rejected] (failed to update ref)'),
      [PUSH_ERROR],
      /Git says: "\[remote rejected\] \(failed to update ref\)"/,
      /heroku releases --app shop/,
    ],
    [
      'credentials',
      'push-failed',
      128,
      [],
      ["fatal: could not read Username for 'https://git.heroku.com': terminal prompts disabled"],
      /does not accept the token in `heroku-api-key` for shop/,
      /heroku authorizations:create.*heroku access:add <email> --app shop/,
    ],
    [
      'credentials, in other words',
      'push-failed',
      128,
      [],
      [`fatal: Authentication failed for '${URL}/'`],
      /does not accept the token/,
      /heroku authorizations:create/,
    ],
    [
      'no such app',
      'push-failed',
      128,
      [],
      ['remote: ! No such app as shop.', `fatal: repository '${URL}/' not found`],
      /no app of the name shop/,
      /spelling of `heroku-app`/,
    ],
    [
      'forbidden',
      'push-failed',
      128,
      [],
      [`fatal: unable to access '${URL}/': The requested URL returned error: 403`],
      /may not use the git repository of shop/,
      /permission to deploy/,
    ],
    [
      'Heroku unwell',
      'push-failed',
      128,
      [],
      [`fatal: unable to access '${URL}/': The requested URL returned error: 503`],
      /error of its own/,
      /status\.heroku\.com/,
    ],
    [
      'no network',
      'push-failed',
      128,
      [],
      [`fatal: unable to access '${URL}/': Could not resolve host: git.heroku.com`],
      /could not be reached\. Nothing was pushed/,
      /firewall.*run the job again/,
    ],
    [
      'a certificate',
      'push-failed',
      128,
      [],
      [
        `fatal: unable to access '${URL}/': server certificate verification failed. CAfile: none CRLfile: none`,
      ],
      /certificate of https.* can't be verified/,
      /ca-certificates.*GIT_SSL_CAINFO/,
    ],
  ] as const)('%s → %s', (_name, outcome, code, stdout, stderr, message, next) => {
    const verdict = judge(code, [...stdout], [...stderr])
    if (verdict.kind !== 'failed') throw new Error(`judged as ${verdict.kind}`)
    expect(verdict.error.outcome).toBe(outcome)
    expect(verdict.error.message).toMatch(message)
    expect(verdict.error.next).toMatch(next)
  })

  it('is judged by its ref line, whatever the build prints', () => {
    const shout = [
      'remote: -----> Released v43',
      'remote: Verifying deploy... done.',
      'Everything up-to-date',
    ]
    expect(judge(1, porcelain('!', '[remote rejected] (pre-receive hook declined)'), shout).kind).toBe(
      'failed',
    )
    const scare = ['remote: fatal: Authentication failed', 'remote:  !     Push rejected, failed to compile']
    expect(judge(0, porcelain(' ', 'a..b'), scare).kind).toBe('pushed')
  })
})

describe('a push of unknown outcome', () => {
  it.each([
    [
      'the connection dropped during the build',
      1,
      ['Done'],
      [
        'remote: -----> Building',
        'error: RPC failed; curl 18 transfer closed with outstanding read data remaining',
        'send-pack: unexpected disconnect while reading sideband packet',
        'fatal: the remote end hung up unexpectedly',
      ],
      'fatal: the remote end hung up unexpectedly',
    ],
    [
      'the same with "Everything up-to-date"',
      1,
      [],
      ['fatal: the remote end hung up unexpectedly', 'Everything up-to-date'],
      'fatal: the remote end hung up unexpectedly',
    ],
    [
      'an error of the server in the middle',
      1,
      ['Done'],
      [
        'error: RPC failed; HTTP 503 curl 22 The requested URL returned error: 503',
        'fatal: the remote end hung up unexpectedly',
      ],
      'fatal: the remote end hung up unexpectedly',
    ],
    [
      'no report of the branch',
      1,
      porcelain('!', '[remote failure] (remote failed to report status)'),
      [],
      '[remote failure] (remote failed to report status)',
    ],
    [
      'a branch that is fine and an exit code that is not',
      1,
      porcelain(' ', 'a..b'),
      [],
      'git ended with exit code 1 and without a word on the branch',
    ],
    ['git ended from outside', null, [], ['remote: -----> Building'], 'git was ended from outside'],
    ['no line at all', 0, [], [], 'git ended with exit code 0 and without a word on the branch'],
  ] as const)('%s', (_name, code, stdout, stderr, reason) => {
    expect(judge(code, [...stdout], [...stderr])).toEqual({ kind: 'unknown', reason })
  })
})

describe('too many requests', () => {
  const DECLINED = porcelain('!', '[remote rejected] (pre-receive hook declined)')
  const UNABLE = `fatal: unable to access '${URL}/': The requested URL returned error: 429`
  const SAID = 'remote:  !     Too many requests for this Git repo'

  it.each([
    ['refused the first request', 128, [], [UNABLE], true],
    ['refused the push in words', 1, DECLINED, [SAID, PUSH_ERROR], true],
    ["are a build's own trouble", 1, DECLINED, ['remote: -----> Node.js', SAID, PUSH_ERROR], undefined],
    ['are what somebody says who is not known', 1, [], [SAID], undefined],
  ])('%s', (_name, code, stdout, stderr, tooMany) => {
    const verdict = judge(code, stdout, stderr)
    expect(verdict.kind).toBe('failed')
    expect('tooMany' in verdict ? verdict.tooMany : undefined).toBe(tooMany)
  })

  /** What git 2.39 prints when it is the push itself that is refused. */
  const BROKEN = [
    'error: RPC failed; HTTP 429 curl 22 The requested URL returned error: 429',
    'send-pack: unexpected disconnect while reading sideband packet',
    'fatal: the remote end hung up unexpectedly',
  ]

  it('refused the push itself', () => {
    const verdict = judge(1, ['Done'], BROKEN)
    expect(verdict).toMatchObject({ kind: 'failed', tooMany: true })
    expect('error' in verdict && verdict.error.message).toMatch(/Nothing was pushed\. Git says: ".*HTTP 429/)
  })

  it('leave open what became of a push of which Heroku has said something', () => {
    expect(judge(1, ['Done'], ['remote: -----> Node.js', ...BROKEN]).kind).toBe('unknown')
  })
})
