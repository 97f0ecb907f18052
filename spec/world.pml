/* Time, dynos, and the state of what goes wrong. */
bit pushed;                 /* a push has begun: it may release from now on, whatever becomes of its deployer */
bit is_released;
byte crashes, sigterms, losses;
bit intent_lost;
bit lost_since_grant;       /* ghost */

#if FAILOVERS
typedef Replica {
  bit stands_still;
  bit took_over;
  byte epoch_key;
  Intent intent;
  Row row[SLOTS]
};
Replica replica;
Intent nothing;
Row no_row;
#endif

#ifdef ASSUMPTION_CLOCK_STEPS_BACK
bit stepped_back;
#define DELAY(what) if :: what > 0 -> what = what + LEASE :: else fi
#endif

/* A dyno boots again when its process has ended, and once more, beside it, for a new release. */
#define may_boot(p) (participant[p].life == absent && \
  (BOOT(p) == 0 || (IS_NEW(p) && BOOT(p) == BOOTS && is_released) || \
   (BOOT(p) > 0 && BOOT(p) != BOOTS && participant[p - 1].life == gone && !(is_released && !IS_NEW(p)))))

/* With a release, SIGTERM is for the processes that it replaces; else for a dyno that is restarted. */
#define MAY_BE_TOLD(p) (NEXT == 0 || (is_released && !IS_NEW(p)))

inline end_process(p) {
  participant[p].life = down;
  participant[p].state = exited; participant[p].epoch = 0; participant[p].highest = 0; participant[p].capped = 0;
  participant[p].leaving = 0; participant[p].has_answer = 0; participant[p].gave_up = 0; participant[p].in_touch = 0;
  forget(p);
  if :: message[p].stage == Answered -> clear_message(p) :: else fi
}

#define AGE(what) if :: what > 0 -> what-- :: else fi

/* Time stands still until everybody's own clock was heeded. */
#define MUST_ACT(p) (participant[p].life == alive && (MUST_EXPIRE(p) || MUST_START(p)))

#if SLOTS == 1
#define MUST_ACT_ANY MUST_ACT(0)
#elif SLOTS == 2
#define MUST_ACT_ANY MUST_ACT(0) || MUST_ACT(1)
#elif SLOTS == 3
#define MUST_ACT_ANY MUST_ACT(0) || MUST_ACT(1) || MUST_ACT(2)
#else
#define MUST_ACT_ANY MUST_ACT(0) || MUST_ACT(1) || MUST_ACT(2) || MUST_ACT(3)
#endif

inline tick() {
  check_tick();
  AGE(intent.left);
#if BOUNDED
  if :: promised == 0 && overdue < OVERDUE -> overdue++ :: else fi;
  AGE(promised);
#endif
  for (i : 0 .. SLOTS - 1) {
    AGE(row[i].hold);
    AGE(row[i].until);
    if :: participant[i].life == down -> participant[i].life = gone :: else fi;
    AGE(participant[i].lapse);
    AGE(participant[i].cap);
    AGE(participant[i].hold);
#if CAP
    if :: IS_QUIET(i) -> participant[i].held_for++ :: else fi;
#endif
    if :: participant[i].quiet > 1 -> participant[i].quiet-- :: else fi;
    AGE(message[i].hold);
    AGE(message[i].expiry);
    if
    :: message[i].stage != None && message[i].old == FLIGHT -> clear_message(i)
    :: message[i].stage != None && message[i].old < FLIGHT -> message[i].old = 1
    :: else
    fi
  }
#if FAILOVERS
  AGE(replica.intent.left);
  for (i : 0 .. SLOTS - 1) { AGE(replica.row[i].hold); AGE(replica.row[i].until) };
#endif
  for (i : 0 .. DEPLOYERS - 1) {
    AGE(deployer[i].valid);
    AGE(deployer[i].lease);
    if
    :: deployer[i].at == Granting && deployer[i].old == FLIGHT -> deployer[i].at = Holding; deployer[i].old = 0; deployer[i].left = 0
    :: deployer[i].at == Granting && deployer[i].old < FLIGHT -> deployer[i].old = 1
    :: else
    fi
  };
  i = 0                     /* a d_step can't end with a loop */
}

inline copy_intent(from, to) {
  to.phase = from.phase; to.id = from.id; to.epoch = from.epoch; to.left = from.left; to.targets = from.targets;
  to.count = from.count; to.serial = from.serial
}

inline copy_row(from, to) {
  to.there = from.there; to.state = from.state; to.epoch = from.epoch; to.hold = from.hold; to.until = from.until;
  to.after = from.after; to.overtaken = from.overtaken; to.serial = from.serial
}
