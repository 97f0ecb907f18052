/*
 * A deployer: src/gate/gate.ts, hold.ts, contact.ts, lease.ts, and the push of src/deploy. Every step is optional: one that takes
 * none any more has crashed. Renewals run beside everything else, as they do in lease.ts. Its looks at the roster only spare commits that
 * would be refused; the model leaves them out and tries to commit at any time.
 */
mtype = { Idle, Asking, Holding, Granting, AtPush, Ending };
mtype = { Nothing, Granted, Done, Busy, Late, Blocked, Lost };

typedef Deployer {
  mtype at = Idle;
  byte epoch;               /* 0: not learned yet */
  byte valid;               /* until the acquire that is under way is void, on the server's clock */
  byte lease;               /* own clock: how long the lease lasts for sure, counted from sending; only with OWN_LEASE */
  bit old;                  /* Granting: the reply is under way for a tick */
  byte left;                /* Granting: what the reply says */
  byte sent;                /* how often the acquire was executed: it may be doubled */
  bit success;              /* Ending: as released, not as aborted */
  byte serial;              /* ghost: which acquire it has a grant for */
  mtype answer = Nothing    /* only within a step */
};

Deployer deployer[DEPLOYERS];

/* Whatever it goes on with, only with a lease that it has. */
#define HAS_LEASE(d) (!OWN_LEASE || deployer[d].lease > 0)
#define IS_AT_WORK(d) (deployer[d].at == Holding || deployer[d].at == Granting || deployer[d].at == AtPush)

/* An acquire that its deployer gave up may still be executed. */
#ifdef MUTANT_NO_DEADLINE
#define UNDER_WAY(d) 1
#else
#define UNDER_WAY(d) (deployer[d].valid > 0)
#endif

inline end(d, with) {
  deployer[d].at = Ending; deployer[d].success = with; deployer[d].lease = 0; deployer[d].old = 0;
  deployer[d].left = 0; deployer[d].serial = 0
}

inline acquired(d) {
  if
  :: deployer[d].answer == Granted ->
     deployer[d].at = Holding; deployer[d].epoch = intent.epoch; deployer[d].lease = OWN_LEASE * intent.left;
     deployer[d].valid = 0; deployer[d].sent = 0
  :: deployer[d].answer == Busy -> REACHED(GOAL_BUSY); deployer[d].valid = 0; deployer[d].sent = 0; end(d, 0)
  :: else -> deployer[d].valid = 0; deployer[d].sent = 0; end(d, 0)
  fi;
  deployer[d].answer = Nothing
}

proctype Deploy(byte d) {
  do
  :: d_step { deployer[d].at == Idle && (d == 0 || !IN_TURN || is_released) -> deployer[d].at = Asking; deployer[d].valid = REQUEST_VALID }
  /* Executed and answered; executed, and the reply lost or still to come; it gives up while the request may still be under way. */
  :: d_step { deployer[d].at == Asking && deployer[d].sent < 2 -> acquire(d); acquired(d) }
  :: d_step { deployer[d].sent < 2 && (deployer[d].at == Asking || (deployer[d].at == Ending && deployer[d].epoch == 0 && UNDER_WAY(d))) ->
       acquire(d); deployer[d].sent++; deployer[d].answer = Nothing }
  :: d_step { deployer[d].at == Asking -> end(d, 0) }

  /* A renewal: its reply lost, or answered. */
  :: d_step { IS_AT_WORK(d) && HAS_LEASE(d) -> renew(d); deployer[d].answer = Nothing }
#if OWN_LEASE
  :: d_step { IS_AT_WORK(d) && HAS_LEASE(d) ->
       renew(d);
       deployer[d].lease = (deployer[d].answer == Granted -> intent.left : 0);
       deployer[d].answer = Nothing }
#endif

  /* A commit: its reply on the way, or lost. */
  :: d_step { deployer[d].at == Holding && HAS_LEASE(d) ->
       commit(d);
       if
       :: deployer[d].answer == Granted -> deployer[d].at = Granting; deployer[d].left = OWN_LEASE * intent.left
       :: deployer[d].answer == Lost -> end(d, 0)
       :: else
       fi;
       deployer[d].answer = Nothing }
  :: d_step { deployer[d].at == Granting -> deployer[d].at = Holding; deployer[d].old = 0; deployer[d].left = 0 }
  :: d_step { deployer[d].at == Granting && HAS_LEASE(d) ->
       deployer[d].at = AtPush;
       deployer[d].lease = OWN_LEASE * MAX(deployer[d].lease, deployer[d].left - deployer[d].old);
       deployer[d].old = 0; deployer[d].left = 0;
       printf("deployer %d begins the push\n", d);
       check_push(d);
       pushed = 1 }

  /* The push failed, the deploy was cancelled, or the lease is lost. Or the release was verified. */
  :: d_step { IS_AT_WORK(d) -> end(d, 0) }
  :: d_step { deployer[d].at == AtPush && is_released -> end(d, 1) }
  :: d_step { deployer[d].at == Ending -> finish(d, (deployer[d].success -> Released : Aborted)) }
  od
}
