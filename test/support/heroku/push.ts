import type { LocalApp } from './app.ts'
import type { EventLog } from './events.ts'

/** What git asks before it moves branches: may these move? */
export interface Push {
  readonly id: string
  readonly updates: readonly { readonly to: string; readonly ref: string }[]
  /** the environment in which git sees the pushed objects: they are not in the repository yet */
  readonly objects: Readonly<Record<string, string>>
}

/**
 * Heroku's answer to a push: builds main or master, releases it, and prints on the way what a person sees after "remote:".
 * Resolves with whether the branches may move. A failed release phase moves them: only the build decides.
 */
export async function receivePush(
  app: LocalApp,
  log: EventLog,
  { id, updates, objects }: Push,
  print: (line: string) => void,
): Promise<boolean> {
  const update = updates.find(({ ref }) => ref === 'refs/heads/main' || ref === 'refs/heads/master')
  const { to, ref } = update ?? updates[0] ?? { to: '', ref: 'nothing' }
  const text = `${to.slice(0, 8)} to ${ref.replace('refs/heads/', '')}`
  log.record({ app: app.name, kind: 'push-received', text, commit: to, push: id })
  if (!update) {
    print('Pushed to non-main branch, skipping build.')
    return true
  }
  print('Compressing source files... done.')
  print('Building source:')
  print('')
  const build = await app.builds.run(to, objects, print)
  if (!build.slug) {
    print(` !     Push rejected, ${build.failure}`)
    print('')
    print(' !     Push failed')
    print('Verifying deploy...')
    print('')
    print(`!	Push rejected to ${app.name}.`)
    return false
  }
  print('-----> Launching...')
  const { release, phase } = app.releaser.release(`Deploy ${to.slice(0, 8)}`, build.slug, id)
  build.release = release
  if (phase) {
    print(
      ' !     Release command declared: this new release will not be available until the command succeeds.',
    )
  }
  print(`       Released v${release.version}`)
  print(`       ${app.webUrl} deployed to Heroku`)
  print('')
  print('Verifying deploy... done.')
  if (phase) {
    print('Running release command...')
    print('')
    const succeeded = await phase(print)
    print(`Waiting for release.... ${succeeded ? 'done' : 'failed'}.`)
  }
  return true
}
