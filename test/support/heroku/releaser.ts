import type { Dynos } from './dynos.ts'
import type { EventLog } from './events.ts'
import type { OneOffs } from './one-offs.ts'
import { createPhaseOutput, type PhaseOutput } from './phase-output.ts'
import type { Release, Releases, Status } from './releases.ts'
import type { Behaviour, Script } from './script.ts'
import type { Slug } from './slug.ts'

export interface PhaseBehaviour extends Behaviour {
  readonly fail?: boolean
}

export interface Releaser {
  /**
   * Makes a release. Without a release phase it is in force when this returns; with one, `phase` runs it, hands over its
   * output and resolves with whether the release is in force.
   * @param push the push that it belongs to, see `Releases.add`
   */
  release(
    description: string,
    slug: Slug,
    push?: string,
  ): { readonly release: Release; phase?(print: (line: string) => void): Promise<boolean> }
}

export function createReleaser(place: {
  readonly app: string
  readonly log: EventLog
  readonly releases: Releases
  readonly dynos: Dynos
  readonly oneOffs: OneOffs
  readonly phases: Script<PhaseBehaviour>
}): Releaser {
  const { app, log, releases, dynos, oneOffs, phases } = place

  function become(release: Release, slug: Slug, status: Status): void {
    release.status = status
    const name = `v${release.version}`
    log.record({
      app,
      kind: 'release',
      text: `${name} ${status}`,
      release: name,
      status,
      commit: slug.commit,
    })
    // A release phase that took longer than a later release puts nothing in force.
    if (status === 'succeeded' && releases.current === release) dynos.replace(release.version, slug)
  }

  async function runPhase(
    release: Release,
    slug: Slug,
    output: PhaseOutput,
    print: (line: string) => void,
  ): Promise<boolean> {
    try {
      const behaviour = await phases.take()
      const command = slug.processTypes.release
      output.begin()
      const ended =
        command === undefined
          ? { code: 0 }
          : await oneOffs.runPhase(command, release.version, slug, (line) => {
              output.write(line)
              print(line)
            })
      output.end()
      const succeeded = ended.code === 0 && !behaviour?.fail
      become(release, slug, succeeded ? 'succeeded' : 'failed')
      return succeeded
    } catch {
      output.end()
      become(release, slug, 'failed')
      return false
    }
  }

  return {
    release(description, slug, push) {
      const release = releases.add(description, slug, push)
      become(release, slug, 'pending')
      if (slug.processTypes.release !== undefined || phases.arranged) {
        const output = createPhaseOutput()
        release.output = output
        return { release, phase: (print) => runPhase(release, slug, output, print) }
      }
      become(release, slug, 'succeeded')
      return { release }
    },
  }
}
