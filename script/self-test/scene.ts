/**
 * What the app's clock is like. working: it has a job under way, which ends once it drains. refusing: it answers that it won't drain.
 * silent: its process hangs, so that nobody answers.
 */
export const SCENES = ['working', 'refusing', 'silent'] as const

export type Scene = (typeof SCENES)[number]

export function isScene(name: string): name is Scene {
  return SCENES.some((scene) => scene === name)
}
