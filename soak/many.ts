import { type History, live } from './history.ts'

/** Histories at once: most of each is waiting. */
const AT_ONCE = 80

/** Lives through the histories of `first`, `first + 1`, … for as long as `goesOn`, and tells of each as it ends. */
export async function liveMany(
  first: number,
  goesOn: (seed: number) => boolean,
  onEnd: (history: History) => void,
): Promise<void> {
  let seed = first
  const one = async () => {
    while (goesOn(seed)) onEnd(await live(seed++))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))
}
