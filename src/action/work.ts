// All that is not needed to tell what is wrong with the inputs: loaded by whoever gets further.
export { carryOut } from './carry-out.ts'
export { giveBack } from './give-back.ts'
