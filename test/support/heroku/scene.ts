import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AppOptions, LocalApp } from './app.ts'
import { type HerokuOptions, type LocalHeroku, startHeroku } from './local-heroku.ts'

export interface Reply {
  readonly status: number
  readonly body: unknown
}

/** A local Heroku with an app, and a folder that can be deployed to it. */
export interface Scene extends AsyncDisposable {
  readonly heroku: LocalHeroku
  /** `shop` */
  readonly app: LocalApp
  readonly folder: string
  /** Writes files into the folder and deploys it to an app, to `shop` unless told. */
  deploy(files: Readonly<Record<string, string>>, app?: LocalApp): Promise<string>
  get(path: string, token?: string): Promise<Reply>
  post(path: string, body?: unknown, token?: string): Promise<Reply>
}

export async function openScene(options: AppOptions & HerokuOptions = {}): Promise<Scene> {
  const heroku = await startHeroku({ killAfterMs: 300, ...options })
  const app = heroku.createApp('shop', options)
  const folder = mkdtempSync(join(tmpdir(), 'heroku-scene-'))

  async function ask(method: string, path: string, token: string, body?: unknown): Promise<Reply> {
    const answer = await fetch(heroku.apiUrl + path, {
      method,
      headers: {
        Accept: 'application/vnd.heroku+json; version=3',
        Authorization: `Bearer ${token}`,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: answer.status, body: await answer.json() }
  }

  return {
    ...{ heroku, app, folder },
    deploy(files, to = app) {
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
      return to.deployFolder(folder)
    },
    get: (path, token = heroku.apiKey) => ask('GET', path, token),
    post: (path, body = {}, token = heroku.apiKey) => ask('POST', path, token, body),
    async [Symbol.asyncDispose]() {
      await heroku.close()
      rmSync(folder, { recursive: true })
    },
  }
}
