#!/usr/bin/perl

# The command of mta-sts follow --exec: it ends with follow, and domains with which it
# fails do not hold up others.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use MtaSts;
use MtaSts::Follow qw(policies within);
use Test::More;

my $dir = tempdir(CLEANUP => 1);

policies("$dir/p.yaml");

sub follow {
    my ($command) = @_;
    spew("$dir/command", "#!/bin/sh\n$command");
    chmod 0755, "$dir/command";
    return MtaSts::Follow->new($dir, '-', '-d', "$dir/p.yaml", '--exec',
                               "$dir/command")->start;
}

# who has no parent may stay a zombie, or be gone at any moment

sub ended {
    my ($pid) = @_;
    my $stat = eval { slurp("/proc/$pid/stat") } // '';
    return $stat eq '' || $stat =~ /\) Z /;
}

# what the command got, one run per file

sub runs { return map { join ' ', split /\n/, slurp($_) } glob "$dir/run.*" }


my $follow = follow("cat > $dir/new; mv $dir/new $dir/run.\$\$\n"
                    . "! grep -q bad $dir/run.\$\$\n");

$follow->say("set bad.example try\n");
ok(within(sub { $follow->log =~ /ended with status 1; it is run again/ }),
   'a command that fails');
$follow->say("set new.example try\n");
ok(within(sub { grep { $_ eq 'new.example' } runs() }),
   '... is run for a new domain');
ok(within(sub { grep { $_ eq 'bad.example' } runs() }), '... by itself');
$follow->say("set worse.bad.example try\n");
ok(within(sub { grep { $_ eq 'worse.bad.example' } runs() }),
   '... also one with which it fails');
ok(within(sub { grep { $_ eq 'bad.example worse.bad.example' } runs() }),
   '... and again for all of those');
$follow->stop;


# With --once, the next one runs it again.

unlink glob "$dir/run.*";
my @exec = ('follow', '-', '--once', '--table', "$dir/once", '-d', "$dir/p.yaml",
            '--exec', "cat > $dir/run.1; [ -e $dir/good ]");
my ($status, undef, $err) = helper(\"set a.example try\n", @exec);
is($status, 1, '--once with a command that fails');
like($err, qr/ended with status 1; it is run again for the same domains by the next --once$/m,
     '... says when it is run again');
unlink glob "$dir/run.*";
spew("$dir/good", '');
is((helper(\'', @exec))[0], 0, '... which succeeds');
is(join(' ', runs()), 'a.example', '... with its domains');


# What the command has started ends with follow.

unlink glob "$dir/run.*";
$follow = follow("sleep 300 &\necho \$! > $dir/new; mv $dir/new $dir/pid\nwait\n");
$follow->say("set c.example try\n");
ok(within(sub { -e "$dir/pid" }), 'a command that starts another');
my $pid = slurp("$dir/pid") + 0;
ok(kill(0, $pid), '... which runs');
$follow->stop;
ok(within(sub { ended($pid) }), '... and ends with follow') or kill 'KILL', $pid;

done_testing;
