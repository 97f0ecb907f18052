import { tellStory } from './story.ts'

tellStory({
  folder: 'django-clock',
  configVars: { EXPORT_EVERY_SECONDS: '1', SECRET_KEY: 'only-for-this-test' },
  ungated: {
    'exports/management/commands/clock.py': (text) => text.replace(/^.*deploy_gate.*\n/gm, ''),
  },
})
