import { runStep } from './steps.ts'

await runStep('post')
