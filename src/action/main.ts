import { basename } from 'node:path'
import { mainStep } from './main-step.ts'
import { postStep } from './post-step.ts'

/**
 * What the runner runs, as dist/main.js and as dist/post.js. Both steps in one file, though each run needs one: a second file takes longer
 * to find than the rest of this one to read.
 */
void (basename(process.argv[1] ?? '') === 'post.js' ? postStep() : mainStep())
