#!/usr/bin/perl

# mta-sts reports add --pipe: a mail server gets 0 or 75 whatever is wrong, no mail is
# lost, and nobody waits for the store while another one reads.

use strict;
use warnings;

use lib 't/lib';
use File::Copy qw(copy);
use MtaSts;
use MtaSts::Fault;
use MtaSts::Reports qw(:all);
use Test::More;

my $BUILD = $ENV{MTA_STS_BUILD} // 'build';
my $dir = reports_dir();
my $state = state_dir();
my @add = ('reports', 'add', '--pipe', '-d', "$dir/domains.yaml", '--state');

sub pipe_add {
    my ($in, @args) = @_;
    return run($in, "$BUILD/mta-sts", @args);
}


# The exit status

for my $args ([@add, $state, '--keep', 'abc'], [@add, $state, '--unknown'],
              [@add, $state, '--trust-authserv', ''], ['reprots', '--pipe'],
              ['reports', 'show', '--pipe'], [@add, $state, "$dir/none"],
              ['reports', 'add', '--pipe', '-d', "$dir/none", '--state', $state])
{
    my ($status, $out, $err) = pipe_add(mail(report()), @$args);
    is($status, 75, "@$args");
    isnt($err, '', '... with the reason');
}

mkdir "$dir/bin";
copy("$BUILD/mta-sts", "$dir/bin/mta-sts");
chmod 0755, "$dir/bin/mta-sts";
my ($status, $out, $err) = run(mail(report()), "$dir/bin/mta-sts", @add, $state);
is($status, 75, 'a program that is not there');
is($err, "mta-sts: cannot run \"$dir/libexec/mta-sts/mta-sts-reports\" (2: No such file or "
   . "directory), install the package mta-sts-reports\n", '... with the package that has it');

spew("$dir/report.json", report());
MtaSts::Fault->new(
    command => ["$BUILD/mta-sts-reports", @add[1 .. $#add], state_dir(),
                "$dir/report.json"], skip => 'crypto ssl', runs => 20,
    asan => 'detect_leaks=0', judge => sub {
        my ($run) = @_;
        return if $run->{status} == 0 || $run->{status} == 75;
        return "status $run->{status}: $run->{err}";
    })->exhaust('a failed allocation: 0 or 75');


# What cannot be kept is not lost

spew("$state/bad", 'a file');
($status, $out, $err) = pipe_add('no report', @add, $state);
is($status, 75, 'what is no report, where bad/ cannot be made');
like($err, qr/^mta-sts: opendir\(\) "\Q$state\E\/bad" failed/m,
     '... with the reason');
unlink "$state/bad";

is((pipe_add('no report', @add, $state))[0], 0, '... and where it can');
is(scalar(my @kept = glob "$state/bad/*"), 2, '... it is kept');

$state = state_dir();
($status, undef, $err) = pipe_add('x' x (25 << 20), @add, $state);
@kept = glob "$state/bad/*";
is($status, 0, 'a mail that is too large');
is(scalar @kept, 1, '... is not kept');
is(slurp($kept[0]), "it has more than 24 MiB\n", '... but why');


# Nobody waits for one that reads

open my $slow, '|-', "$BUILD/mta-sts", 'reports', 'add', '-d',
    "$dir/domains.yaml", '--state', $state or die "fork: $!";
print $slow "From x\@y\n", mail(report()), "\nFrom x\@y\n", 'x' x 500_000;
$slow->flush;

is((pipe_add(mail(report()), @add, $state))[0], 0,
   'a mail while standard input of another is open');

pipe my $read, my $write or die "pipe: $!";
my $pid = fork // die "fork: $!";

if ($pid == 0) {
    close $write;
    open STDIN, '<&', $read or die $!;
    close STDERR;
    open STDERR, '>', "$dir/err" or die $!;
    exec "$BUILD/mta-sts", @add, $state;
}

close $read;
my $start = time;
is((pipe_add(mail(report()), @add, $state))[0], 0, '... and one without a byte');
cmp_ok(time - $start, '<', 50, '... before the lock times out');
print $write mail(report());
close $write;
waitpid $pid, 0;
is($?, 0, 'the slow mail is added, too');

open my $null, '>', '/dev/null';
close $slow;
like(sessions(summary($state), 'example.com'), qr/ of 4$/, '... as all are');


# A terminal

(undef, $out) = run('', 'timeout', 60, 'script', '-qec', "$BUILD/mta-sts reports "
    . "add -d $dir/domains.yaml --state $state", '/dev/null');
like($out, qr/is read from the terminal, up to Ctrl-D/, 'a terminal: a hint');


done_testing;
