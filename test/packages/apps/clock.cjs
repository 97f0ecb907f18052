const { guardJobs } = require('heroku-deploy-gate')

guardJobs().then((guard) => {
  setInterval(
    guard.job(() => console.log('tick')),
    100,
  )
})
