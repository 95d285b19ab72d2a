#!/usr/bin/perl

# Files, directories and Maildirs: what cannot be opened is no success, what is not
# looked at is counted, what is bad is kept, and nothing counts twice.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Reports qw(:all);
use Test::More;

my $dir = reports_dir();
my $state = state_dir();

sub counts {
    my (%of) = @_;
    return join(', ', map { ($of{$_} // 0) . " $_" } 'new', 'known',
                'refused (other domains, or too many)', 'old', 'bad')
           . join('', map { $of{$_} ? ", $of{$_} $_" : '' } qw(skipped unread))
           . "\n";
}

sub spooled {
    my ($n) = @_;
    return sprintf '%d.000-1-%d-ab_192.0.2.1.json', 1700000000 + $n, $n;
}


# What cannot be opened

spew("$dir/good.json", report());
my ($rc, $out, $err) = add($state, "$dir/none", "$dir/good.json");
is("$rc $out", '3 ' . counts(new => 1, unread => 1),
   'a file that is not there: the others are read');
like($err, qr/^mta-sts: open\(\) "\Q$dir\E\/none" failed \(2: /m, '... and why');

SKIP: {
    skip 'root may read all', 2 if $> == 0 && !-x '/usr/bin/setpriv';
    mkdir "$dir/closed", 0700;
    chmod 0755, $dir;
    chmod 0777, $state;
    chmod 0666, glob "$state/*";
    spew("$dir/closed/" . spooled(1), report());
    chmod 0, "$dir/closed";
    my @as = $> ? () : ('setpriv', '--reuid', 65534, '--clear-groups');
    ($rc, $out, $err) = run('', @as, "$MtaSts::BUILD/mta-sts", 'reports', 'add',
                            '-d', "$dir/domains.yaml", '--state', $state,
                            "$dir/closed");
    is("$rc $out", '3 ' . counts(unread => 1), 'a directory that is not ours');
    like($err, qr/"\Q$dir\E\/closed" failed \(13: /, '... and why');
    chmod 0700, "$dir/closed";
}


# What is not looked at

mkdir "$dir/$_" for qw(plain plain/new);
spew("$dir/plain/$_", report()) for qw(a b 0000000001);
spew("$dir/plain/" . spooled(1), report());
($rc, $out, $err) = add($state, "$dir/plain");
is("$rc $out", '0 ' . counts(new => 1, skipped => 2),
   'a directory with "new" is no Maildir: files without a dot are skipped');
is($err, qq{mta-sts: "$dir/plain": 2 files without a dot in the name skipped, }
   . "which nginx has not completed\n", '... and said');

mkdir "$dir/$_" for qw(maildir maildir/new maildir/cur maildir/tmp);
spew("$dir/maildir/new/1", mail(report()));
spew("$dir/maildir/new/2", "Subject: x\n\nhello\n");
spew("$dir/maildir/cur/3", mail(report(domains => ['other.example'])));
spew("$dir/maildir/cur/4", "From x\n\nhello\n\nFrom y\n" . mail(report()));
($rc, $out) = add($state, "$dir/maildir");
is("$rc $out", '0 ' . counts(new => 1, 'refused (other domains, or too many)' => 1,
   skipped => 2), 'mails of a Maildir without a report are left out');
add($state, "$dir/maildir");
is(summary($state)->{refused}, 1, 'a refused report counts once');


# What is bad is kept, up to a number of files

mkdir "$dir/spool";
mkdir "$dir/spool/bad";
spew("$dir/spool/bad/notes", 'of somebody');
spew("$dir/spool/" . spooled($_), 'x') for 1 .. 98;
add($state, "$dir/spool");
is(scalar(my @bad = glob "$dir/spool/bad/*"), 197, 'bad files are kept');

spew("$dir/spool/" . spooled($_), 'x') for 200, 201;
($rc, $out, $err) = add($state, "$dir/spool");
@bad = map { s{.*/}{}r } glob "$dir/spool/bad/*";
is(scalar @bad, 199, '... up to a number');
ok(!grep({ $_ =~ spooled(1) } @bad), '... the oldest one makes room');
ok(2 == grep({ $_ =~ spooled(201) } @bad), '... for the new ones');
ok(grep({ $_ eq 'notes' } @bad), '... and nothing else does');
like($err, qr/^mta-sts: "\S*\Q${\ spooled(1)}\E" is removed, since 200 files are kept/m,
     '... which is said');

mkdir "$dir/closed_bad";
spew("$dir/closed_bad/bad", 'a file');
spew("$dir/closed_bad/" . spooled(1), 'x');
($rc, $out, $err) = add($state, "$dir/closed_bad");
is("$rc $out", '1 ' . counts(bad => 1, skipped => 1),
   'bad/ that cannot be written');
ok(-e "$dir/closed_bad/" . spooled(1), '... the file stays');


# What was dropped does not come again

$state = state_dir();
spew("$dir/old.json", report(ago => 40, good => 5));
add($state, "$dir/old.json");
is((add($state, '--keep', 30, "$dir/old.json"))[1], counts(old => 1), 'old');
(undef, $out) = add($state, "$dir/old.json");
is($out, counts(old => 1), 'a report that was dropped');
is(sessions(summary($state, '--days', 99), 'example.com'), 'sts 5/0 of 1',
   '... counts once');


# A list of policies that is none

(undef, $out, $err) = add($state, \report(domains => []));
is($out, counts(bad => 1), 'a report without a policy is bad');
(undef, $out, $err) = add($state, \(report() =~ s/\}$/,"policies":[]}/r));
like($err, qr/: not JSON: .*duplicate/, '... and one with two lists');


# A store that is none

for (['CREATE TABLE things (n)', 'it is a database of something else'],
     ['PRAGMA user_version = 9', 'it was written by a newer version of mta-sts'],
     ['PRAGMA journal_mode = WAL', 'it is empty'])
{
    my ($sql, $why) = @$_;
    my $other = state_dir();
    is((run('', 'sqlite3', "$other/reports.sqlite", $sql))[0], 0, $sql);
    ($rc, undef, $err) = helper('reports', '--state', $other);
    is($rc, 3, '... is not read');
    like($err, qr/"\Q$other\E\/reports\.sqlite": $why$/, '... and why');
    next if $why =~ /empty/;
    ($rc, undef, $err) = add($other, "$dir/old.json");
    like("$rc $err", qr/^3 .*"\Q$other\E\/reports\.sqlite": $why$/s, '... nor filled');
}


done_testing;
