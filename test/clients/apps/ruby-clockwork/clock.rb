# frozen_string_literal: true

require "clockwork"
require "deploy_gate"
require "trial"

GUARD = Trial::GATED ? DeployGate.guard_clockwork : nil

module Clockwork
  configure do |config|
    config[:thread] = true
    config[:max_threads] = 20
    config[:logger].level = Logger::WARN
  end

  scheduling = false
  on(:before_tick) { scheduling ||= Trial.say("scheduling") || true }

  # Clockwork looks once a second, at the second: no event comes more often.
  every(1.second, "tick") do
    if GUARD
      Trial.tick(stopping: GUARD.method(:stopping?)) { |how| GUARD.stored if how == :stored }
    else
      Trial.tick
    end
  end
end
