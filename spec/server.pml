/*
 * Redis: the keys, and the scripts of src/protocol/scripts, each one step. Times are what is left, in ticks, so that nothing
 * grows: `left` 0 is over. A row's `until` counts to the first tick at which the row is not alive.
 */
mtype = { Missing, Draining, Pushing, Released, Aborted, Lapsed };  /* phases; Missing: there is no intent */
mtype = { booting, running, draining, drained, failed, exited };    /* states of a participant */

typedef Intent {
  mtype phase = Missing;
  byte id;                  /* the deployer's number from 1 */
  byte epoch;
  byte left;                /* until expiry */
  byte targets;             /* a bit for each participant */
  byte count;               /* live participants at the request */
  byte serial               /* ghost: which acquire it came from, whatever its epoch says */
};

typedef Row {
  bit there;
  mtype state = booting;
  byte epoch;
  byte hold;
  byte until;
  byte after;
  byte overtaken;           /* those of its dyno that joined after it was last seen, a bit for each */
  byte serial               /* ghost: which acquire it answers */
};

Intent intent;
byte epoch_key;             /* 0: not there */
Row row[SLOTS];

byte serials;               /* ghost: acquires so far */
byte newest;                /* the highest epoch so far. TIME in microseconds is always above it: Redis can't lose that */
byte promised;              /* ghost: until when any intent was ever in force for its longest, also one that was lost */
byte overdue;               /* ghost: ticks since then, counted up to OVERDUE */
#define OVERDUE 3

#define IS_OPEN (intent.phase == Draining || intent.phase == Pushing)
#define IN_FORCE (IS_OPEN && intent.left > 0)
#define PHASE (IS_OPEN && intent.left == 0 -> Lapsed : intent.phase)
#define IS_TARGET(p) ((intent.targets & BIT(p)) != 0)
#define IS_ALIVE(p) (row[p].there && row[p].state != exited && row[p].until > 0)

/* Scratch of the steps: hidden, and set before it is used in each. */
hidden byte i, j, blocked, held, living, fresh;
hidden byte addressed, known;

/* living: whose rows are alive */
inline read_alive() {
  living = 0;
  for (i : 0 .. SLOTS - 1) {
    if :: IS_ALIVE(i) -> living = living | BIT(i) :: else fi
  }
}
#define IS_REPLACED(p) ((row[p].overtaken & living) != 0)

inline promise_left() {
#if BOUNDED
  promised = MAX(promised, intent.left);
  overdue = 0
#else
  skip
#endif
}

inline clear_intent() {
  intent.phase = Missing; intent.id = 0; intent.epoch = 0; intent.left = 0; intent.targets = 0; intent.count = 0; intent.serial = 0
}

inline clear_row(p) {
  row[p].there = 0; row[p].state = booting; row[p].epoch = 0; row[p].hold = 0; row[p].until = 0; row[p].after = 0;
  row[p].overtaken = 0; row[p].serial = 0
}

inline clear_roster() {
  for (i : 0 .. SLOTS - 1) { clear_row(i) };
  i = 0
}

/* acquire.lua. `answer` of the deployer: Granted, Done, Busy, Late */
inline acquire(d) {
  if
  :: intent.phase != Missing && intent.id == d + 1 ->
     deployer[d].answer = (IN_FORCE -> Granted : Done)
  :: else ->
     if
     :: IN_FORCE -> deployer[d].answer = Busy
#ifndef MUTANT_NO_DEADLINE
     :: !IN_FORCE && deployer[d].valid == 0 -> deployer[d].answer = Late
     :: !IN_FORCE && deployer[d].valid > 0 ->
#else
     :: else ->
#endif
        INVARIANT(I2, 2, deployer[d].valid > 0);
        fresh = epoch_key + 1;
#ifndef MUTANT_BARE_INCR
        fresh = MAX(fresh, newest + 1);
        fresh = MAX(fresh, intent.epoch + 1);
        for (i : 0 .. SLOTS - 1) {
          if :: row[i].there -> fresh = MAX(fresh, row[i].epoch + 1) :: else fi
        }
#endif
        INVARIANT(I4, 4, !IN_FORCE && fresh > newest);
        newest = MAX(newest, fresh);
        serials++;
        epoch_key = fresh;
        intent.phase = Draining; intent.id = d + 1; intent.epoch = fresh; intent.left = LEASE; intent.serial = serials;
        intent.targets = 0; intent.count = 0;
        promise_left();
        read_alive();
        for (i : 0 .. SLOTS - 1) {
          if
          :: IS_ALIVE(i) && !IS_REPLACED(i) -> intent.targets = intent.targets | BIT(i); intent.count++
          :: else
          fi
        }
        deployer[d].answer = Granted
     fi
  fi;
  fresh = 0;
  printf("deployer %d acquire: %e, epoch %d\n", d, deployer[d].answer, intent.epoch)
}

/* lost() of prelude.lua */
#define IS_OURS(d) (intent.id == d + 1 && intent.epoch == deployer[d].epoch && IN_FORCE)

/* renew.lua. Answers: Granted, Lost */
inline renew(d) {
  if
#ifdef MUTANT_RENEW_REVIVES
  :: intent.id == d + 1 && intent.epoch == deployer[d].epoch && IS_OPEN ->
#else
  :: IS_OURS(d) ->
#endif
     INVARIANT(I2, 2, IN_FORCE);
     intent.left = MAX(intent.left, (deployer[d].at == AtPush -> PUSH_LEASE : LEASE));
     promise_left();
     deployer[d].answer = Granted
  :: else -> deployer[d].answer = Lost
  fi;
  printf("deployer %d renew: %e, left %d\n", d, deployer[d].answer, intent.left)
}

#ifdef MUTANT_COUNTS_ANY_EPOCH
#define HAS_ANSWERED(p) (row[p].state == drained)
#else
#define HAS_ANSWERED(p) (row[p].state == drained && row[p].epoch == intent.epoch)
#endif

/* commit.lua, strict, for the one process type there is. Answers: Granted, Blocked, Lost */
inline commit(d) {
  blocked = 0; held = 0;
  read_alive();
  for (i : 0 .. SLOTS - 1) {
    if
    :: row[i].there && row[i].state != exited && !IS_REPLACED(i) ->
       if
       :: !IS_ALIVE(i) -> blocked = blocked | IS_TARGET(i)
       :: IS_ALIVE(i) && !HAS_ANSWERED(i) -> blocked = 1
       :: IS_ALIVE(i) && HAS_ANSWERED(i) ->
          if
#ifndef MUTANT_NO_HOLD_CHECK
          :: row[i].hold < MARGIN -> blocked = 1
#endif
          :: else -> held++
          fi
       fi
    :: !row[i].there && IS_TARGET(i) -> blocked = 1     /* gone */
    :: else
    fi
  }
#ifndef MUTANT_NO_EXPECTED_COUNT
  blocked = blocked | (held < MAX(DYNOS, intent.count));
#endif
  blocked = blocked | (intent.left < MARGIN);
  if
  :: !IS_OURS(d) -> deployer[d].answer = Lost
#ifdef MUTANT_GRANTED_AGAIN
  :: IS_OURS(d) && intent.phase == Pushing -> deployer[d].answer = Granted
  :: IS_OURS(d) && intent.phase != Pushing && blocked -> deployer[d].answer = Blocked
  :: IS_OURS(d) && intent.phase != Pushing && !blocked ->
#else
  :: IS_OURS(d) && blocked -> REACHED(GOAL_REFUSAL); deployer[d].answer = Blocked
  :: IS_OURS(d) && !blocked ->
#endif
     check_grant(d);
     if
     :: intent.phase != Pushing -> intent.left = MAX(intent.left, PUSH_LEASE); promise_left()
     :: else
     fi;
     intent.phase = Pushing;
     deployer[d].answer = Granted
  fi;
  printf("deployer %d commit: %e, left %d\n", d, deployer[d].answer, intent.left);
  blocked = 0; held = 0; living = 0
}

/* finish.lua, with an epoch of 0 for an owner that never learned it */
inline finish(d, how) {
  if
#ifdef MUTANT_ANYBODY_FINISHES
  :: IS_OPEN ->
#else
  :: IS_OPEN && intent.id == d + 1 && (deployer[d].epoch == 0 || deployer[d].epoch == intent.epoch) ->
#endif
     INVARIANT(I9, 9, intent.id == d + 1);
     intent.phase = how;
     printf("deployer %d finish: %e\n", d, how)
  :: else
  fi
}

/* beat.lua, with the row that was sent */
inline beat(p) {
  addressed = IS_TARGET(p);
  if
  :: !addressed && message[p].state != exited && (PHASE == Draining || (PHASE == Pushing && !IS_NEW(p))) ->
     intent.targets = intent.targets | BIT(p); addressed = 1
  :: else
  fi;
  known = row[p].there;
  if
  :: !known ->
     for (i : 0 .. SLOTS - 1) {
       if
       :: i != p && DYNO(i) == DYNO(p) && row[i].there -> row[i].overtaken = row[i].overtaken | BIT(p)
       :: else
       fi
     }
     row[p].after = (message[p].first && !addressed && (PHASE == Pushing || PHASE == Released) -> intent.epoch : 0)
  :: else
  fi;
  row[p].there = 1; row[p].overtaken = 0;
  row[p].state = message[p].state; row[p].epoch = message[p].epoch; row[p].hold = message[p].hold; row[p].serial = message[p].serial;
  row[p].until = (message[p].state == exited -> 0 : message[p].silent + 1);

  message[p].newer = 0;
  if
  :: addressed && PHASE == Released ->
     for (i : 0 .. SLOTS - 1) {
       if
       :: i != p && IS_ALIVE(i) && (row[i].after == intent.epoch || (IS_NEW(i) && !IS_NEW(p))) -> message[p].newer = 1
       :: else
       fi
     }
  :: else
  fi;
  message[p].now_phase = PHASE;
  message[p].now_epoch = intent.epoch;
  message[p].left = (IN_FORCE -> intent.left : 0);
  message[p].expiry = intent.left;
  message[p].now_serial = intent.serial;
  message[p].addressed = addressed;
  message[p].stage = Answered;
  participant[p].in_touch = 1;
  printf("participant %d beat: says %e at epoch %d, hold %d; is told %e, epoch %d, left %d, addressed %d, newer %d\n", p, message[p].state,
    message[p].epoch, message[p].hold, message[p].now_phase, message[p].now_epoch, message[p].left, message[p].addressed, message[p].newer);
  addressed = 0; known = 0
}
