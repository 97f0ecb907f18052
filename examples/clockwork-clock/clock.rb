# The shop's clock: now and then it exports what is in stock.
require "clockwork"
require "deploy_gate" # gate
require_relative "config/environment"

# Holds a clock that boots in the middle of a deploy until its end.
DeployGate.guard_clockwork # gate

module Clockwork
  every(Shop::EXPORT_EVERY, "export") { ExportStockJob.perform_now }
end
