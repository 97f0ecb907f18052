// A clock that says ten times a second that it works.
import { join } from 'heroku-deploy-gate'

let ticking
const start = () => {
  ticking = setInterval(() => console.log('tick'), 100)
}
const participant = { drain: () => clearInterval(ticking), resume: start }
if (process.env.WITHOUT_GATE === undefined) await join(participant)
start()
