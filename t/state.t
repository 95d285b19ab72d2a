#!/usr/bin/perl

# The state is a file that anything can happen to: two runs at once, a full or
# read-only disk, damage, another program's file.  A command's output is complete
# all the same.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use MtaSts;
use Test::More;

my $dir = tempdir(CLEANUP => 1);
my $yaml = "$dir/mta-sts.yaml";
my $helper = $MtaSts::BUILD =~ m{^/} ? "$MtaSts::BUILD/mta-sts"
                                     : "$ENV{PWD}/$MtaSts::BUILD/mta-sts";

spew($yaml, "domains:\n  a.example: {mode: enforce, mx: mx.a.example}\n");

my @records = ('records', '-d', $yaml);
my (undef, $want) = helper(@records);


sub state_dir {
    my $state = tempdir(DIR => $dir);
    helper('plan', 'note', 'a.example', '--max-age', '30d', '--state', $state);
    return $state;
}


sub sql {
    my ($state, $sql) = @_;
    my ($status, $out, $err) = run('', 'sqlite3', "$state/state.db", $sql);
    is("$status $err", '0 ', $sql);
    return $out;
}


# Runs the helper with a file system of its own, where a command was run before.

sub mounted {
    my ($before, @args) = @_;
    my @sudo = $> == 0 ? () : ('sudo', '-n');
    return run('', @sudo, 'unshare', '-m', 'sh', '-c',
        "mount -t tmpfs -o size=256k none $dir/mnt && $before && exec \"\$@\"",
        'sh', $helper, @args);
}


# The command's output is complete, and the error is on standard error.

sub goes_on {
    my ($what, $why, $status, $out, $err) = @_;
    is($status, 3, "$what: could not look");
    is($out, $want, '... complete output');
    like($err, qr/\Amta-sts: cannot use the state \S+: $why\n\z/, '... and why');
}


# several runs at once

{
    my $state = tempdir(DIR => $dir);
    my @pids;

    for my $run (1 .. 4) {
        my $pid = fork // die;
        if ($pid == 0) {
            for (1 .. 10) {
                my ($rc) = run('', $helper, 'plan', 'note', "d$run.example",
                               '--max-age', '30d', '--state', $state);
                POSIX::_exit(1) if $rc;
            }
            POSIX::_exit(0);
        }
        push @pids, $pid;
    }

    is(join(' ', map { waitpid $_, 0; $? } @pids), '0 0 0 0', 'four runs at once');
    my $noted = sql($state, 'SELECT history FROM domain');
    is((() = $noted =~ /^policy noted-/mg), 40, '... nothing is lost');
}


# one that waits for another process

{
    my $state = state_dir();
    open my $other, '|-', 'sqlite3', "$state/state.db" or die "sqlite3: $!";
    print $other "BEGIN IMMEDIATE;\n.shell touch $state/locked\n";
    $other->flush;
    ok(within(sub { -e "$state/locked" }), 'another process has the lock');

    my $pid = fork // die "fork: $!";
    exec $helper, 'plan', 'note', 'b.example', '--max-age', '1d', '--state', $state
        or POSIX::_exit(127) if $pid == 0;

    # it sleeps, and has the file that is mapped before a lock is taken

    ok(within(sub { slurp("/proc/$pid/maps") =~ /state\.db-shm/
                    && slurp("/proc/$pid/stat") =~ /\) S / }), 'a run waits for it');
    print $other "COMMIT;\n";
    close $other;
    waitpid $pid, 0;
    is($?, 0, '... and has it then');
    like(sql($state, 'SELECT name FROM domain'), qr/^b\.example$/m, '... for good');
}


# versions

{
    my $state = state_dir();
    is(sql($state, 'PRAGMA user_version'), "1\n", 'the version');

    sql($state, 'PRAGMA user_version = 99');
    goes_on('a newer version', 'it was written by a newer version of mta-sts',
            helper(@records, '--state', $state));

    my $other = tempdir(DIR => $dir);
    sql($other, 'CREATE TABLE things (n)');
    goes_on('another program\'s file', 'it is a database of something else',
            helper(@records, '--state', $other));
    is(sql($other, 'SELECT count(*) FROM things; PRAGMA journal_mode'), "0\ndelete\n",
       '... is left alone');
}


# damage

{
    my $state = state_dir();
    sql($state, "UPDATE domain SET history = 'served 9 9 1 1 1' || char(10)");
    goes_on('a damaged history', "a domain's history is damaged",
            helper(@records, '--state', $state));

    $state = state_dir();
    sql($state, 'PRAGMA wal_checkpoint(TRUNCATE)');
    spew("$state/state.db", 'x' x 20000);
    goes_on('a damaged file', 'file is not a database',
            helper(@records, '--state', $state));

    goes_on('no directory', 'the directory does not exist',
            helper(@records, '--state', "$dir/nothing"));
}


# disks

mkdir "$dir/mnt";

goes_on('a full disk', '(?:database or )?disk (?:is full|I/O error)',
        mounted("dd if=/dev/zero of=$dir/mnt/file 2>/dev/null; true", @records,
                '--state', "$dir/mnt"));

goes_on('a read-only disk', 'unable to open database file',
        mounted("mount -o remount,ro $dir/mnt", @records, '--state', "$dir/mnt"));


# nothing is written without a state

{
    my $before = join ' ', sort glob "$dir/* $dir/.*";
    chdir $dir;
    is((run('', $helper, @records))[0], 0, 'without a state');
    is(join(' ', sort glob "$dir/* $dir/.*"), $before, '... nothing is written');
    is((run('', $helper, 'plan', '-d', $yaml))[0], 2, '... and plan needs one');
}

done_testing();
