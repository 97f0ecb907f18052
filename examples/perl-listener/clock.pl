#!/usr/bin/perl
# A clock process that takes part in the drain protocol, version 1 (docs/protocol.md), with nothing but core Perl.
#   REDIS_URL=redis://… DYNO=clock.1 perl clock.pl [path of beat.lua]
# Four parts, in one thread: a Redis client that never blocks, the listener, the app (the trial app of
# docs/conformance.md), and the loop that turns them. With NO_GATE=1 the app runs without asking anybody.
use v5.36;
use Digest::SHA ();
use FindBin ();
use IO::Select ();
use IO::Socket::INET ();
use JSON::PP ();
use Time::HiRes ();

STDOUT->autoflush(1);
$SIG{PIPE} = 'IGNORE';

# Seconds on a clock that nobody sets. Linux's CLOCK_MONOTONIC stands still while the machine is suspended, and a lease
# does not; CLOCK_BOOTTIME goes on.
my $CLOCK = eval { Time::HiRes::CLOCK_BOOTTIME() } // Time::HiRes::CLOCK_MONOTONIC();
sub seconds () { Time::HiRes::clock_gettime($CLOCK) }

package Redis {
    use Socket qw(SOL_SOCKET SO_LINGER);
    use constant { REPLY_TIMEOUT => 5, RECONNECT => 1 };

    # channel: subscribed to where the server speaks RESP3; ring: called for each message on it, and when the connection is there.
    sub new ($class, $url, %options) {
        $url =~ m{^redis://} or die $url =~ m{^rediss://}
            ? "REDIS_URL asks for TLS (rediss://), which core Perl does not have\n" : "REDIS_URL is not a redis:// URL\n";
        # Never quoted in an error: it holds the password.
        my ($login, $host, $port, $db) = $url =~ m{^redis://(?:([^/?\#]*)@)?([^/:@?\#\[\]]+)(?::(\d+))?(?:/(\d*))?(?:[?\#].*)?$}
            or die "REDIS_URL can't be read\n";
        my ($user, $password) = map { s/%([0-9A-Fa-f]{2})/chr hex $1/ger } split /:/, $login // '', 2;
        my @login = length($password // '') ? ('AUTH', length $user ? $user : (), $password) : ();
        return bless { host => $host, port => $port || 6379, db => $db || 0, login => \@login, retry => 0, said => {}, %options },
            $class;
    }

    sub open ($self, $now) {
        $self->{retry} = $now + RECONNECT;
        @$self{qw(in out queue ready hears)} = ('', '', [], 0, 0);
        $self->{socket} = IO::Socket::INET->new(Proto => 'tcp', PeerAddr => $self->{host}, PeerPort => $self->{port},
            Blocking => 0) or return $self->complain("can't connect: " . ($@ || $!));
        # These wait in the buffer until the connection is there, so that their timeout is that of connecting, too.
        my $resp3;
        my @greeting = (['HELLO', 3]);
        unshift @greeting, $self->{login} if @{ $self->{login} };
        push @greeting, ['SELECT', $self->{db}] if $self->{db};
        for my $command (@greeting) {
            $self->send(sub ($reply, $error) {
                return if !$self->{socket};
                # The error's text is kept back: an old server repeats the arguments in it.
                return $self->lost("$command->[0] was refused") if $error && $command->[0] ne 'HELLO';
                $resp3 = !$error if $command->[0] eq 'HELLO';
                return if $command != $greeting[-1];
                return $self->greeted(0) if !$resp3 || !$self->{channel};
                # Before the first beat, so that no doorbell falls between the two.
                $self->send(sub ($reply, $error) { $self->greeted(!$error) if $self->{socket} }, 'SUBSCRIBE', $self->{channel});
            }, @$command);
        }
    }

    sub greeted ($self, $hears) {
        @$self{qw(ready hears)} = (1, $hears);
        $self->{ring}->() if $self->{ring};
    }

    # Calls $then with the reply, or with undef and an error: what the server said, or LOST, and nobody knows what came of it.
    sub send ($self, $then, @words) {
        push @{ $self->{queue} }, { then => $then, at => main::seconds() };
        $self->{out} .= join '', '*' . @words . "\r\n", map { '$' . length . "\r\n$_\r\n" } @words;
    }

    sub lost ($self, $why) {
        my $socket = delete $self->{socket} or return;
        # Reset instead of an orderly end: what still waits to be sent must not arrive some time later.
        setsockopt $socket, SOL_SOCKET, SO_LINGER, pack 'II', 1, 0;
        close $socket;
        $self->{ready} = 0;
        $self->complain($why);
        $_->{then}->(undef, 'LOST') for splice @{ $self->{queue} };
    }

    sub complain ($self, $why) {
        my ($now, $last) = (main::seconds(), $self->{said}{$why});
        return if defined $last && $now < $last + 60;
        $self->{said}{$why} = $now;
        say "redis: $why";
    }

    sub turn ($self, $now) {
        return $now < $self->{retry} ? () : $self->open($now) if !$self->{socket};
        # Before anything is read: an answer that waited longer, while this process was stopped, says nothing about now.
        my $oldest = $self->{queue}[0];
        return $self->lost('no reply for ' . REPLY_TIMEOUT . ' s') if $oldest && $now > $oldest->{at} + REPLY_TIMEOUT;
        my $got = sysread $self->{socket}, $self->{in}, 65536, length $self->{in};
        return $self->lost(defined $got ? 'connection closed' : "connection lost: $!")
            if defined $got ? !$got : !($!{EAGAIN} || $!{EINTR});
        while ($self->{socket} && length $self->{in}) {
            pos($self->{in}) = 0;
            my $value;
            eval { $value = value(\$self->{in}); 1 } or last;
            substr $self->{in}, 0, pos($self->{in}), '';
            if (ref $value eq 'Redis::Push' && $value->[0] ne 'subscribe') {
                $self->{ring}->() if $value->[0] eq 'message';
            } elsif (my $waiting = shift @{ $self->{queue} }) {    # RESP3 answers SUBSCRIBE with a push, or with an error
                $waiting->{then}->(ref $value eq 'SCALAR' ? (undef, $$value) : ($value, undef));
            }
        }
        return if !$self->{socket} || !length $self->{out};
        my $sent = syswrite $self->{socket}, $self->{out};
        return $self->lost("connection lost: $!") if !defined $sent && !($!{EAGAIN} || $!{EINTR});
        substr $self->{out}, 0, $sent // 0, '';
    }

    # The next value in the buffer, from pos on, of the types that these commands bring; dies if not all of it is there.
    # An error is a reference to its text.
    sub value ($in) {
        $$in =~ /\G(.)([^\r]*)\r\n/gc or die "more\n";
        my ($type, $rest) = ($1, $2);
        return undef if $type eq '_' || ($type =~ /[\$*]/ && $rest < 0);
        if ($type eq '$') {
            my $start = pos $$in;
            length $$in >= $start + $rest + 2 or die "more\n";
            pos($$in) = $start + $rest + 2;
            return substr $$in, $start, $rest;
        }
        if ($type =~ /[*>%]/) {
            my @list = map { scalar value($in) } 1 .. $rest * ($type eq '%' ? 2 : 1);
            return $type eq '>' ? bless \@list, 'Redis::Push' : \@list;
        }
        return $type eq '-' ? \$rest : $rest;
    }
}

# What the app must offer: schedule, drain (start nothing more), abort (put away what runs), idle, and counts.
package Listener {
    use List::Util qw(min max);
    use constant { VERSION => '1', BOOT => 5, CAP => 3600, AFTER_RELEASE => 90, TERM => 20, REPLY => 5 };

    sub new ($class, $app, $redis, %row) {
        return bless { app => $app, redis => $redis, row => { v => VERSION, %row }, state => 'booting', born => main::seconds(),
            first => 1, highest => 0, refused => {}, due => 0, last => 0, sent => '' }, $class;
    }

    sub holds ($self) { $self->{state} eq 'draining' || $self->{state} eq 'drained' }

    sub start_drain ($self, $state) {
        $self->{since} = main::seconds();
        $self->{state} = $state;
        return if $state eq 'drained' || eval { $self->{app}->drain; 1 } || $self->{ending};
        # The app goes on, and is asked again at another epoch.
        print "deploy-gate: the app can't drain: $@";
        $self->{refused}{ $self->{epoch} } = 1;
        $self->{state} = 'failed';
        $self->{app}->schedule;
    }

    sub resume ($self, $why) {
        return if $self->{ending};
        say "deploy-gate: $why" if $why;
        delete @$self{qw(epoch hold lease_end released newer forced)};
        $self->{state} = 'running';
        $self->{app}->schedule;
    }

    # What the clock alone decides. Comes first in each turn: the process may have been stopped since the last one.
    sub look_at_clock ($self, $now, $term) {
        if ($term && !$self->{ending}) {
            $self->{ending} = $now;
            $self->start_drain('draining') if !$self->holds;
        }
        if ($self->{ending}) {
            $self->{app}->abort if $now >= $self->{ending} + TERM;
        } elsif ($self->{state} eq 'booting') {
            $self->resume('') if !$self->{redis};
            $self->resume('no answer from Redis, starting without') if $self->{redis} && $now >= $self->{born} + BOOT;
        } elsif ($self->holds) {
            if ($now >= $self->{since} + CAP) {
                $self->{refused}{ $self->{epoch} } = 1;
                $self->resume('held for an hour, resuming');
            } elsif ($self->{released}) {
                # Asks once more when the 90 s are over; without an answer, goes by what it knows.
                my $end = $self->{released} + AFTER_RELEASE;
                my $asked = $self->{answered} >= $end;
                $self->{wanted} = 1 if $now >= $end && !$asked;
                $self->resume('released, but still here; resuming') if !$self->{newer} && ($asked || $now >= $end + REPLY);
            } elsif ($now >= $self->{lease_end}) {
                $self->resume('the lease is over, resuming');
            }
        }
    }

    # Takes in the answer to a beat.
    sub answer ($self, $now, $version, $server_now, $epoch, $phase, $left, $expiry, $addressed, $force, $newer) {
        $self->{first} = 0;
        $self->{answered} = $now;
        say "deploy-gate: the intent has version $version, this listener has ", VERSION, '; ignored'
            if $version ne VERSION && !$self->{strange}{$version}++;
        my $asked = $addressed && $left > 0 && ($phase eq 'draining' || $phase eq 'pushing')
            && $epoch >= $self->{highest} && !$self->{refused}{$epoch};
        if ($asked && $self->{state} ne 'exited') {
            say "deploy-gate: asked to drain, epoch $epoch" if $epoch ne ($self->{epoch} // '');
            $self->{highest} = $self->{epoch} = $epoch;
            $self->start_drain($self->{state} eq 'booting' ? 'drained' : 'draining') if !$self->holds;
            return if !$self->holds;
            delete @$self{qw(released newer)};
            $self->{phase} = $phase;
            $self->{lease_end} = $now + $left / 1000;
            $self->{hold} = min($expiry, $server_now + int(1000 * ($self->{since} + CAP - $now)));
            $self->{app}->abort if $force && $self->{state} eq 'draining' && !$self->{forced}++;
        } elsif ($self->{state} eq 'booting') {
            $self->resume('');
        } elsif ($self->{state} eq 'failed' && !$self->{refused}{$epoch}) {
            delete $self->{epoch};
            $self->{state} = 'running';
        } elsif ($self->holds && length $epoch && $epoch >= ($self->{epoch} // 0)) {
            $self->resume("the drain is $phase, resuming") if $phase eq 'aborted' || $phase eq 'lapsed';
            return if $phase ne 'released';
            $self->{released} //= $now;
            $self->{newer} ||= $newer;
        }
    }

    # Seconds to the next beat.
    sub interval ($self) {
        return $self->{redis}{hears} ? 25 : 10 if !$self->holds;
        return 3 if $self->{state} eq 'draining';
        return 10 if $self->{released};
        return $self->{phase} eq 'pushing' ? max(5, min(60, ($self->{lease_end} - $self->{answered}) / 3)) : 5;
    }

    sub beat ($self, $now) {
        my %row = (%{ $self->{row} }, state => $self->{state}, running => 0, finished => 0, stored => 0);
        %row = (%row, $self->{app}->counts) if $self->holds || $self->{state} eq 'exited';
        $row{epoch} = "$self->{epoch}" if defined $self->{epoch};    # a string: JSON numbers would lose its last digits
        my $changes = JSON::PP->new->canonical->encode(\%row);
        # At the latest when the last one promised: an answer may have made the interval longer meanwhile.
        my $interval = $self->interval;
        return if $self->{beating} || !$self->{redis}{ready};
        return if !$self->{wanted} && $changes eq $self->{sent} && $now < min($self->{due}, $self->{last} + $interval);
        # With one beat under way at a time, no older row can overwrite a newer one.
        @$self{qw(beating wanted sent last due)} = (1, 0, $changes, $now, $now + $interval);
        $row{hold} = $self->{hold} if defined $self->{hold} && $self->holds;
        $self->{redis}->send(sub ($answer, $error) {
            $self->{beating} = 0;
            if (!$error) {
                $self->{told} = 1 if $row{state} eq 'exited';
                $self->answer(main::seconds(), @$answer);
            } elsif ($error =~ /^NOSCRIPT/) {
                @$self{qw(whole wanted)} = (1, 1);
            } else {
                $self->{redis}->lost("the beat was refused: $error");
            }
        }, $self->{whole} ? ('EVAL', $self->{script}) : ('EVALSHA', Digest::SHA::sha1_hex($self->{script})), 2,
            "$self->{prefix}:intent", "$self->{prefix}:roster", $self->{id}, JSON::PP->new->ascii->encode(\%row),
            int(1000 * $interval), $self->{first} ? '1' : '', "$self->{prefix}:reports");
        $self->{whole} = 0;
    }

    # False when the process may end.
    sub turn ($self, $now) {
        if ($self->holds && $self->{app}->idle) {
            $self->{state} = $self->{ending} ? 'exited' : 'drained';
            $self->{end_by} = $now + REPLY;
        }
        $self->beat($now) if $self->{redis};
        return $self->{state} ne 'exited' || ($self->{redis} && !$self->{told} && $now < $self->{end_by});
    }
}

package App {
    sub new ($class, $redis, $trial) {
        return bless { redis => $redis, trial => $trial, jobs => [], outbox => [], next => 0 }, $class;
    }

    sub schedule ($self) {
        @$self{qw(scheduling aborting)} = (1, 0);
        say 'scheduling';
    }

    # The counts begin anew with each drain.
    sub drain ($self) { @$self{qw(scheduling finished stored)} = (0, 0, 0) }

    # Also for a job whose length is still on its way from Redis: it is put away as soon as it is there.
    sub abort ($self) { $self->{aborting} = 1 }

    # A tick under way may still start a job, and what is not yet in Redis has not yet been done.
    sub idle ($self) { !$self->{scheduling} && !$self->{ticking} && !@{ $self->{jobs} } && !@{ $self->{outbox} } }

    sub counts ($self) {
        my $ending = grep { $_->{count} ne 'started' } @{ $self->{outbox} };
        return (running => @{ $self->{jobs} } + $ending, finished => $self->{finished} // 0, stored => $self->{stored} // 0);
    }

    sub turn ($self, $now) {
        my $redis = $self->{redis};
        for my $ends (splice @{ $self->{jobs} }) {
            if ($now >= $ends) {
                $self->record('finished');
            } elsif ($self->{aborting}) {
                $self->record('stored', ['LPUSH', "$self->{trial}:jobs", 1 + int(1000 * ($ends - $now))]);
            } else {
                push @{ $self->{jobs} }, $ends;
            }
        }
        return if !$redis->{ready};
        for my $entry (grep { !$_->{sent} } @{ $self->{outbox} }) {
            $entry->{sent} = 1;
            $redis->send(sub { }, @$_) for ['MULTI'], @{ $entry->{commands} };
            $redis->send(sub ($reply, $error) { $self->recorded($entry, $error) }, 'EXEC');
        }
        return if !$self->{scheduling} || $self->{ticking} || $now < $self->{next};
        @$self{qw(next ticking)} = ($now + 0.2, 1);
        $redis->send(sub { }, 'HINCRBY', $self->{trial}, 'ticks', 1);
        $redis->send(sub ($length, $error) {
            $self->{ticking} = 0;
            return $redis->lost("the tick was refused: $error") if $error;
            return if !defined $length;
            say 'job started';
            $self->record('started');
            push @{ $self->{jobs} }, main::seconds() + $length / 1000;
        }, 'RPOP', "$self->{trial}:jobs");
    }

    # Kept until Redis has answered, so that nothing is forgotten while it is away.
    sub record ($self, $count, @commands) {
        push @{ $self->{outbox} }, { count => $count, commands => [@commands, ['HINCRBY', $self->{trial}, $count, 1]] };
    }

    sub recorded ($self, $entry, $error) {
        if ($error) {
            $entry->{sent} = 0;
            return $self->{redis}->lost("the app's command was refused: $error");
        }
        @{ $self->{outbox} } = grep { $_ != $entry } @{ $self->{outbox} };
        return if $entry->{count} eq 'started';
        $self->{ $entry->{count} }++;
        say "job $entry->{count}";
    }
}

package main;

sub read_script ($path) {
    open my $file, '<:raw', $path or die "can't read $path: $!\n";
    local $/;
    return scalar <$file>;
}

my $url = $ENV{REDIS_URL} // die "REDIS_URL is not set\n";
my $gate = $ENV{DEPLOY_GATE_NAME} // 'default';
$gate =~ /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z/ or die "DEPLOY_GATE_NAME must be 1 to 64 letters, digits, . - or _\n";
my $prefix = "deploy-gate:{$gate}";

my @connections = my $app_redis = Redis->new($url);
my $app = App->new($app_redis, "$prefix:trial");
my $listener = Listener->new($app, undef);
if (($ENV{NO_GATE} // '') ne '1') {
    my $dyno = $ENV{DYNO} || die "DYNO is not set; NO_GATE=1 runs the app without the gate\n";
    my %row = (dyno => $dyno, type => $dyno =~ s/(?:\.\d+|-[0-9a-z]+-[0-9a-z]+)$//r);
    $row{app} = $ENV{HEROKU_APP_NAME} if $ENV{HEROKU_APP_NAME};
    $row{release} = $ENV{HEROKU_RELEASE_VERSION} if $ENV{HEROKU_RELEASE_VERSION};
    my $redis = Redis->new($url, channel => "$prefix:doorbell", ring => sub { $listener->{wanted} = 1 });
    $listener = Listener->new($app, $redis, %row);
    open my $random, '<:raw', '/dev/urandom' or die "can't read /dev/urandom: $!\n";
    read $random, my $bytes, 16;
    my $id = "$dyno#" . unpack 'H*', $bytes;
    @$listener{qw(id prefix script)} = ($id, $prefix, read_script($ARGV[0] // "$FindBin::Bin/beat.lua"));
    push @connections, $redis;
}

my $term = 0;
$SIG{TERM} = $SIG{INT} = sub { $term = 1 };

for (my $on = 1; $on;) {
    my @open = grep { $_->{socket} } @connections;
    IO::Select->select(IO::Select->new(map { $_->{socket} } @open),
        IO::Select->new(map { $_->{socket} } grep { length $_->{out} } @open), undef, 0.05);
    my $now = seconds();
    $listener->look_at_clock($now, $term);
    $_->turn($now) for @connections;
    $app->turn($now);
    $on = $listener->turn($now);
}
