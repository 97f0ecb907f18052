import { tellStory } from './story.ts'

tellStory({
  folder: 'clockwork-clock',
  configVars: { EXPORT_EVERY_SECONDS: '1' },
  ungated: {
    'clock.rb': (text) => text.replace(/^(require "deploy_gate"|DeployGate\.).*\n/gm, ''),
  },
})
