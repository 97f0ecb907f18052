import { tellStory } from './story.ts'

tellStory({
  folder: 'node-clock',
  configVars: { SCHEDULE: '* * * * * *' },
  ungated: {
    'clock.js': (text) =>
      text
        .replace(/^import .*'heroku-deploy-gate'.*\n/m, '')
        .replace(/^const guard = .*\n/m, '')
        .replace('guard.job(exportStock)', 'exportStock'),
  },
})
