#!/usr/bin/perl

# mta-sts policy --tree --prune: only what this configuration wrote is removed,
# the list of it may be lost or wrong, and what stops a run leaves no folders.

use strict;
use warnings;

use lib 't/lib';
use Cwd qw(abs_path);
use Fcntl qw(:flock);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use MtaSts;
use POSIX ();
use Test::More;

my $dir = tempdir('mta-sts-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $tree = "$dir/tree";
my $list = "$tree/.mta-sts.written";

mkdir $tree;


sub file { return "$tree/mta-sts.$_[0]/.well-known/mta-sts.txt" }

sub here { return join ' ', grep { -e "$tree/mta-sts.$_" } @_ }

sub domains {
    my ($name, @domains) = @_;
    spew("$dir/$name.yaml", "domains:\n"
         . join '', map { "  $_: {mx: mx.$name.example}\n" } @domains);
}

sub tree {
    my ($name, @args) = @_;
    return helper('policy', '--tree', $tree, '-d', "$dir/$name.yaml", @args);
}


# Two configurations with one folder

domains('one', 'a.example', 'b.example');
domains('two', 'c.example');
tree('one', '--prune');
my ($status, undef, $err) = tree('two', '--prune');
is("$status$err", '0', 'another configuration');
is(here(qw(a.example b.example c.example)), 'a.example b.example c.example',
   '... removes nothing of the first');

domains('one', 'a.example');
($status, undef, $err) = tree('one', '--prune');
is(here(qw(a.example b.example c.example)), 'a.example c.example',
   '... which removes its own');
like($err, qr/b\.example\S* is removed/, '... and says so');

# a domain that moves to the other one

domains('two', 'a.example', 'c.example');
tree('two');
domains('one', 'd.example');
tree('one', '--prune');
is(here(qw(a.example c.example d.example)), 'a.example c.example d.example',
   'a domain that moved to the other configuration stays');

# the name of a configuration does not depend on the folder it is given from

domains('two', 'a.example');
my @two = ('policy', '--prune', '--tree', $tree, '-d', 'two.yaml');
($status) = run('', 'sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', $dir,
                abs_path("$MtaSts::BUILD/mta-sts"), @two);
is("$status " . here(qw(a.example c.example)), '0 a.example', 'a relative name');


# What a person wrote, in our spelling, or changed since

make_path("$tree/mta-sts.hand.example/.well-known");
my $hand = "version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n";
spew(file('hand.example'), $hand);
domains('two', 'a.example', 'e.example');
tree('two');
spew(file('e.example'), $hand);
domains('two', 'a.example');
($status, undef, $err) = tree('two', '--prune');
is(here(qw(hand.example e.example)), 'hand.example e.example',
   'the policies of a person stay');
like($err, qr/e\.example\S* is of a domain .* is not what mta-sts wrote/,
     '... and one that we wrote before is named');
unlike($err, qr/hand/, '... but no other');


# The list: nobody else may lock it; what is wrong in it is ignored

is((stat $list)[2] & 07777, 0600, 'the list is for its user alone');
is(slurp($list) =~ /^a\.example [0-9a-f]{20} \Q$dir\E\/two\.yaml$/m, 1, 'it has a line per file');

domains('two', 'a.example', 'f.example');
tree('two');
my $good = slurp($list);
spew($list, "\n x\na.example\nf.example 123 $dir/two.yaml\n../../../x "
     . '0' x 20 . " $dir/two.yaml\n" . 'f' x 300 . ' ' . '0' x 20
     . " $dir/two.yaml\n\0\xff\nf.example " . '0' x 20);
domains('two', 'a.example');
($status) = tree('two', '--prune');
is("$status " . here('f.example'), '0 f.example', 'a list of rubbish removes nothing');
like(slurp($list), qr/^a\.example /m, '... and has what is written since');

spew($list, $good);
($status) = tree('two', '--prune');
is("$status " . here('f.example'), '0 ', 'and the right list does');

unlink $list;
symlink "$dir/outside", $list;
($status, undef, $err) = tree('two');
is($status, 1, 'a list that is a symbolic link');
ok(!-e "$dir/outside", '... is not followed');
unlink $list;

spew($list, '');
chmod 0644, $list;
($status, undef, $err) = tree('two');
is($status, 1, 'a list that others may open');
like($err, qr/\.mta-sts\.written" must be a regular file that only its user/, '... is refused');
chmod 0600, $list;


# Whoever may read the folder cannot hold us up

SKIP: {
    skip 'not root', 2 if $> != 0;

    chmod 0755, $dir, $tree;
    pipe my $read, my $write or die "pipe: $!";

    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        ($), $>) = (65534, 65534);
        open my $fh, '<', $tree or POSIX::_exit(1);
        flock $fh, LOCK_EX or POSIX::_exit(1);
        syswrite $write, 'x';
        sleep 60;
        POSIX::_exit(0);
    }

    close $write;
    is(sysread($read, my $locked, 1), 1, 'another user locks the folder');
    ($status) = run('', 'timeout', 30, "$MtaSts::BUILD/mta-sts", 'policy',
                    '--tree', $tree, '-d', "$dir/two.yaml");
    is($status, 0, '... and we do not wait for it');
    kill 'KILL', $pid;
    waitpid $pid, 0;
}


# What a killed run left of a domain that has left by now

domains('two', 'a.example', 'g.example', 'h.example');
tree('two');
unlink file('g.example');
spew(file('g.example') =~ s/mta-sts\.txt$/.mta-sts.txt.new/r, 'x');
unlink file('h.example');
domains('two', 'a.example');
tree('two');
is(here(qw(g.example h.example)), 'g.example h.example', 'empty folders stay');
tree('two', '--prune');
is(here(qw(g.example h.example)), '', '... until --prune, as what is aside does');

# a folder in the way of the file that is written aside

my $aside = file('i.example') =~ s/mta-sts\.txt$/.mta-sts.txt.new/r;
make_path($aside);
domains('two', 'a.example', 'i.example');
($status, undef, $err) = tree('two');
is($status, 1, 'a folder in the way');
like($err, qr/write\(\) "\Q$aside\E" failed \(17: /, '... is named');


# No inodes left: the folders that were made go again, and no others

SKIP: {
    my @enter = $> == 0 ? () : ('sudo', '-n');
    my $disk = "$dir/disk";
    mkdir $disk;

    my $script = <<'EOS';
mount -t tmpfs -o nr_inodes=20 none "$1" || exit 77
mkdir "$1/mta-sts.d2.example"
"$3" policy --tree "$1" -d "$2"; echo "status $?"
cd "$1" && find . -mindepth 1 | sort
EOS
    domains('many', map { "d$_.example" } 1 .. 12);
    ($status, my $out, $err) = run('', @enter, 'unshare', '-m', 'sh', '-c', $script,
        'sh', $disk, "$dir/many.yaml", "$MtaSts::BUILD/mta-sts");
    skip 'no mount', 2 if $status == 77;

    is($out, "status 1\n./.mta-sts.written\n./mta-sts.d2.example\n", 'no inodes left')
        or diag $err;
    like($err, qr/failed \(28: /, '... with a reason');
}

done_testing();
