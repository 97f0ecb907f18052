/** Why git could not do what it was told, read from its prose: it decides which advice is given, never what happened. */
export type Trouble =
  | 'credentials'
  | 'forbidden'
  | 'no-such-app'
  | 'too-many-requests'
  | 'too-many-builds'
  | 'certificate'
  | 'unwell'
  | 'network'
  | 'other'

const SIGNS: readonly (readonly [RegExp, Trouble])[] = [
  [/concurrent builds limit/i, 'too-many-builds'],
  [/too many requests|requested URL returned error: 429/i, 'too-many-requests'],
  [/No such app as |repository .{0,300} not found/i, 'no-such-app'],
  [
    /Authentication failed|could not read (Username|Password)|requested URL returned error: 401|Invalid credentials/i,
    'credentials',
  ],
  [/requested URL returned error: 403/i, 'forbidden'],
  [/requested URL returned error: 5\d\d/i, 'unwell'],
  [/SSL certificate|certificate verif|certificate problem|CAfile/i, 'certificate'],
  [
    /Could not resolve|Failed to connect|Couldn't connect|Connection (refused|reset|timed out)|Operation timed out|Empty reply|unable to access|hung up unexpectedly|RPC failed|early EOF|unexpected disconnect/i,
    'network',
  ],
]

/** The most telling sign in git's lines. */
export function troubleOf(lines: readonly string[]): Trouble {
  return SIGNS.find(([sign]) => lines.some((line) => sign.test(line)))?.[1] ?? 'other'
}

/** What the user reads about it, and what to do. */
export function adviceFor(
  trouble: Trouble,
  app: string,
  remoteUrl: string,
): { readonly message: string; readonly next: string } {
  return ADVICE[trouble](app, remoteUrl)
}

const ADVICE: Record<Trouble, (app: string, remoteUrl: string) => { message: string; next: string }> = {
  credentials: (app) => ({
    message: `Heroku's git does not accept the token in \`heroku-api-key\` for ${app}.`,
    next:
      'Make a new token with `heroku authorizations:create`, store it as a repository secret and pass it as ' +
      '`heroku-api-key`. The account that owns it needs the permission to deploy the app: ' +
      `\`heroku access:add <email> --app ${app}\`.`,
  }),
  forbidden: (app) => ({
    message: `The token in \`heroku-api-key\` may not use the git repository of ${app}.`,
    next:
      `The account that owns the token needs the permission to deploy: \`heroku access:add <email> --app ${app}\`, ` +
      'in a team with the permission deploy, and the token the scope write, write-protected or global.',
  }),
  'no-such-app': (app, remoteUrl) => ({
    message: `Heroku's git knows no app of the name ${app} that this token can see (${remoteUrl}).`,
    next: 'Check the spelling of `heroku-app`, and that the account that owns the token has access to the app.',
  }),
  'too-many-requests': (app) => ({
    message: `Heroku has had too many git requests for ${app}.`,
    next: 'Heroku takes 75 git requests an hour for each user and app. Wait some minutes and run the job again; deploy less often.',
  }),
  'too-many-builds': () => ({
    message: 'The Heroku account has reached its limit of concurrent builds, and nothing was built.',
    next: 'Wait until the other builds have ended (`heroku builds` of the account’s other apps) and run the job again. A `concurrency` group in the workflow keeps deploys from meeting.',
  }),
  certificate: (_app, remoteUrl) => ({
    message: `The certificate of ${remoteUrl} can't be verified on this runner.`,
    next: "Install the runner's CA certificates (the package ca-certificates), or name those of your proxy with GIT_SSL_CAINFO.",
  }),
  unwell: (_app, remoteUrl) => ({
    message: `Heroku's git at ${remoteUrl} answers with an error of its own.`,
    next: 'Look at https://status.heroku.com and run the job again when Heroku is well.',
  }),
  network: (_app, remoteUrl) => ({
    message: `Heroku's git at ${remoteUrl} could not be reached.`,
    next: 'Check that the runner can reach that address (a firewall, HTTPS_PROXY), look at https://status.heroku.com, and run the job again.',
  }),
  other: (_app, remoteUrl) => ({
    message: `Git could not talk to ${remoteUrl}.`,
    next: 'Read the lines of git above; https://status.heroku.com tells whether Heroku has a problem.',
  }),
}
