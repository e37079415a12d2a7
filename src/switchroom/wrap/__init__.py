"""Guards as functions: they take a model, a tool or a step, and give one that behaves the same but for its failures."""

from switchroom.wrap.breaker import BreakerState as BreakerState
from switchroom.wrap.breaker import CircuitBreaker as CircuitBreaker
from switchroom.wrap.breaker import breaking as breaking
from switchroom.wrap.bulkhead import Bulkhead as Bulkhead
from switchroom.wrap.bulkhead import bulkhead as bulkhead
from switchroom.wrap.cache import cached as cached
from switchroom.wrap.fallback import FallbackModel as FallbackModel
from switchroom.wrap.fallback import falling_back as falling_back
from switchroom.wrap.guarded import GuardedModel as GuardedModel
from switchroom.wrap.guarded import GuardedStep as GuardedStep
from switchroom.wrap.health import breaker_of as breaker_of
from switchroom.wrap.health import health as health
from switchroom.wrap.hedge import Quantile as Quantile
from switchroom.wrap.hedge import hedged as hedged
from switchroom.wrap.rate import RateLimit as RateLimit
from switchroom.wrap.rate import rate_limited as rate_limited
from switchroom.wrap.retry import retrying as retrying
from switchroom.wrap.timeout import timed as timed
