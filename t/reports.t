#!/usr/bin/perl

# mta-sts reports: what is added and how often, who is believed, what the
# summaries say, and what bad input costs.

use strict;
use warnings;

use lib 't/lib';
use MIME::Base64 qw(encode_base64);
use MtaSts;
use MtaSts::Reports qw(:all);
use POSIX ();
use Test::More;

my $BUILD = $ENV{MTA_STS_BUILD} // 'build';
my $dir = reports_dir();
my @ours = ('-d', "$dir/domains.yaml");


# What real senders write

my @all = ('--keep', 9999);
my $state = state_dir();
my ($rc, $out, $err) = add($state, @all, glob 't/data/tlsrpt/*.json');

is($rc, 0, 'reports of real senders are read') or diag($err);
is($out, "9 new, 0 known, 0 refused (other domains, or too many), 0 old, 0 bad\n",
   '... every one');

($rc, $out) = add($state, @all, glob 't/data/tlsrpt/*.eml');
is($out, "0 new, 3 known, 0 refused (other domains, or too many), 0 old, 0 bad\n",
   'the same reports by mail count once');

my $real = 'sts 11/7 of 7; tlsa 2/0 of 1; no-policy-found 1/0 of 1';

is(sessions(summary($state, '--days', 9999), 'example.com'), $real,
   'sessions by type: those of sts and tlsa are not added up');
is(sessions(summary($state), 'example.com'), '', '... of the last days only');
is(sessions(summary($state, '--days', 9999), ''),
   'no-policy-found 1/0 of 1; other 1/0 of 1', 'a report may name no domain');

($rc, $out) = add($state, @all, '--trust-authserv', 'mx.example.com',
                  glob 't/data/tlsrpt/*.eml');
is(sessions(summary($state, '--days', 9999), 'example.com'),
   'sts verified 8/0 of 2; sts 3/7 of 5; tlsa 2/0 of 1; no-policy-found 1/0 of 1',
   'a mail whose signature is valid verifies a report that is known');

my $folder = state_dir();
my $same = state_dir();

(undef, $out) = add($same, @all, 't/data/tlsrpt');
is($out, "9 new, 3 known, 0 refused (other domains, or too many), 0 old, 0 bad\n",
   'a directory gives the same');

mkdir "$folder/$_" for qw(new cur tmp);
spew("$folder/new/1.x", slurp('t/data/tlsrpt/google.eml'));
spew("$folder/cur/2:2,S", slurp('t/data/tlsrpt/microsoft.eml'));

$same = state_dir();
(undef, $out) = add($same, @all, $folder);
like($out, qr/^2 new/, 'so does a Maildir');
ok(-e "$folder/new/1.x", '... which stays as it is');

spew("$dir/mbox", join '', map { "From x\@y Thu Jan  1 00:00:00 2026\n"
    . slurp("t/data/tlsrpt/$_.eml") =~ s/\r//gr . "\n" } qw(google mailru));
$same = state_dir();
(undef, $out) = add($same, @all, "$dir/mbox");
like($out, qr/^2 new/, 'and an mbox');

$same = state_dir();
(undef, $out) = add($same, \slurp('t/data/tlsrpt/google.eml'), @all);
like($out, qr/^1 new/, 'and standard input');


for my $type (qw(application/tlsrpt application/tlsrpt+zip application/gzip
                 application/octet-stream;name=x.json.gz))
{
    $same = state_dir();
    (undef, $out) = add($same, \(mail(report()) =~ s{application/tlsrpt\+gzip}{$type}r));
    like($out, qr/^1 new/, "a mail with $type");
}


# Whose word counts

for my $case (
    ['mx.example.com; dkim=pass header.d=sender.example', ' verified'],
    ['mx.example.com; dkim=fail header.d=sender.example', ''],
    ['mx.other.example; dkim=pass header.d=sender.example', ''],
) {
    my ($auth, $verified) = @$case;
    $state = state_dir();
    add($state, \mail(report(), auth => $auth), '--trust-authserv',
        'mx.example.com');
    is(sessions(summary($state), 'example.com'), "sts$verified 1/0 of 1", $auth);
}

$state = state_dir();
add($state, \mail(report(), auth => "mx.example.com; dkim=none\n"
    . 'Authentication-Results: mx.example.com; dkim=pass header.d=forged.example'),
    '--trust-authserv', 'mx.example.com');
is(sessions(summary($state), 'example.com'), 'sts 1/0 of 1',
   'only the topmost result of the server counts');


# What is refused

$state = state_dir();
(undef, $out) = add($state, \report(domains => ['example.org']));
is($out, "0 new, 0 known, 1 refused (other domains, or too many), 0 old, 0 bad\n",
   'a report about another domain is refused');
add($state, \report(domains => ['example.org', 'EXAMPLE.net.']));
is(join(' ', map { $_->{domain} } @{ summary($state)->{domains} }),
   'example.net', 'of a report about more domains, ours is taken');
is(summary($state)->{refused}, 1, 'refused reports are counted');

(undef, $out) = add($state, \report(ago => 401));
like($out, qr/ 1 old,/, 'an old report is not taken');
($rc, $out, $err) = add($state, \report(ago => -3));
is("$rc$err", qq{1mta-sts: "standard input": the date-range ends in the future\n},
   'one of the future is bad');
is(scalar(my @kept = glob "$state/bad/*"), 2, '... and kept, with the reason');

is((add($state, \'', '--pipe'))[0], 0, '--pipe: a bad mail is not sent back');
is((run('', "$BUILD/mta-sts", 'reports', 'add', @ours, '--pipe', '--state',
        "$dir/none"))[0], 75,
   '... and without a store, the mail server tries again');

($rc, $out, $err) = helper('reports', '--state', "$dir/none");
is($rc, 3, 'a store that is not there is unknown');


# A report is dropped after some time

$state = state_dir();
add($state, \report(ago => 20));
add($state, \report(ago => 2), '--keep', 10);
add($state, \report(ago => 1), '--keep', 10);

my $dropped = summary($state)->{domains}[0];

is(sessions({ domains => [$dropped] }, 'example.com'), 'sts 3/0 of 3',
   'reports that are too old are sums');
is(scalar @{ $dropped->{days} }, 3, '... of days');
is($dropped->{reporters}[0]{reports}, 2, '... and dropped');


# The summary

$state = state_dir();
add($state, \report(organization => 'Stopped', ago => 20));
add($state, \mail(report(failed => 3, good => 5,
                         organization => qq{<b>"\\\e[31m},
                         results => ['certificate-expired', "a\"b\nc{}"])),
    '--trust-authserv', 'mx.example.com');

add($state, \report(organization => 'Stopped', ago => 21));

my $json = summary($state);

is(sessions($json, 'example.com'), 'sts verified 5/3 of 1; sts 2/0 of 2',
   'verified and unverified sessions are apart');
is(join(' ', map { "$_->{result}=$_->{failed}" }
        @{ $json->{domains}[0]{failures} }),
   'a"b?c{}=3 certificate-expired=3', 'failures by type');
is(join(' ', map { "$_->{mx}=$_->{failed}" } @{ $json->{domains}[0]{hosts} }),
   'mx.example.com=6', '... and by MX');
is(join(' ', map { $_->{organization} } grep { $_->{stopped} }
        @{ $json->{domains}[0]{reporters} }), 'Stopped', 'who stopped');
is($json->{domains}[0]{reporters}[0]{signer}, 'sender.example', 'who signed');
is(scalar @{ $json->{domains}[0]{days} }, 3, 'sessions by day');

($rc, $out) = helper('reports', '--state', $state, '-f', 'text', 'example.com');

like($out, qr/^example\.com: error$/m, 'text: the severity');
like($out, qr/3  sts, verified: certificate-expired\n +the certificate has expired/,
     '... what a failure means');
like($out, qr/Stopped, unverified: 2 good, 0 failed; STOPPED/, '... who stopped');
unlike($out, qr/[^\n -~]/, '... without control characters');

($rc, $out) = run('', 'script', '-qec', "$BUILD/mta-sts reports --state $state",
                  '/dev/null');
like($out, qr/^example\.com: \e\[31merror\e\[0m\r$/m, 'a terminal: colour');
like($out, qr/^  sts  +unverified  failed, by day from [-0-9]+: \.\.\r$/m,
     '... and a chart');
unlike($out =~ s/\e\[\d*m//gr, qr/[^\r\n -~\x{e2}\x{96}\x80-\xbf]/,
       '... with nothing else that controls it');

($rc, $out) = helper('reports', '--state', $state, '-f', 'prometheus');

like($out, qr/^mta_sts_reports_sessions\{domain="example\.com",type="sts",verified="1",result="failed"\} 3$/m,
     'prometheus: sessions');
like($out, qr/,verified="1",failure="other"\} 3$/m,
     '... a type that no RFC defines is "other"');
unlike($out, qr/a"b|<b>|sender/, '... and no text of a sender is there');

my $line = qr/^(?:\# .*|\w+(?:\{\w+="[^"\\]*"(?:,\w+="[^"\\]*")*\})? -?\d+)$/;

is(join("\n", grep { !/$line/ } split /\n/, $out), '', '... in its syntax');

($rc, $out) = helper('reports', '--state', $state, '-f', 'html');

unlike($out, qr/<b>|<script|https?:/, 'html: no markup of a sender, no script');
like($out, qr/<svg /, '... and a chart');

is((helper('reports', '--state', $state))[0], 0, 'failures are no error');

for my $case (['example.com', 1, 1, 1], ['example.net', 1, 1, 0]) {
    my ($domain, @expected) = @$case;
    is(join(' ', map { (helper('reports', '--state', $state, '--fail-on', $_,
                               $domain))[0] } qw(note warning error)),
       "@expected", "--fail-on for $domain");
}

my ($id) = map { substr $_->{last_id}, 0, 12 }
           @{ $json->{domains}[0]{reporters} };

($rc, $out) = helper('reports', 'show', '--state', $state, $id);
like($out, qr/^origin: +verified, signed by sender\.example$/m, 'show: the origin');
like($out, qr/^sts example\.com: 5 good, 3 failed\n    sts certificate-expired/m,
     '... and what it says');

($rc, $out, $err) = helper('reports', 'show', '--state', $state, 'ffff');
is("$rc$err", qq{1mta-sts: no report "ffff"\n}, '... of a report that is there');

for my $args (['-f', 'x'], ['--days', 0], ['--fail-on', 'x'], ['--x'], ['show'],
              ['a b'])
{
    is((helper('reports', '--state', $state, @$args))[0], 2, "refused: @$args");
}

is((helper('help', 'reports'))[1], (helper('reports', '-h'))[1], 'help');


# nginx's spool, end to end

my $nginx = MtaSts->new(<<'EOC')->start;
server {
    listen 127.0.0.1:%%PORT0%%;
    location = /tlsrpt { mta_sts_reports spool; }
}
EOC
my $spool = $nginx->dir . '/spool';

for my $body (zipped(report(id => 'a')), zipped(report(id => 'b')),
              zipped(report(domains => ['example.org'])), 'not gzip')
{
    my $length = length $body;
    like($nginx->http(0, "POST /tlsrpt HTTP/1.0\r\nContent-Length: $length\r\n"
                      . "Content-Type: application/tlsrpt+gzip\r\n\r\n$body"),
         qr{^HTTP/1\.1 201 }, 'nginx takes a report');
}

spew("$spool/1-incomplete", 'x');
spew("$spool/other.json", report(id => 'c'));

$state = state_dir();
($rc, $out, $err) = add($state, $spool);

is("$rc $out", "1 3 new, 0 known, 1 refused (other domains, or too many), 0 old, 1 bad, "
   . "1 skipped\n", 'the spool is read');

my @bad = map { s{.*/}{}r } glob "$spool/bad/*";

is(scalar @bad, 2, 'what is not a report moves to bad/');
is(slurp("$spool/bad/$bad[1]"), "neither JSON nor gzip\n",
   '... with the reason');
is(slurp("$spool/bad/$bad[0]"), 'not gzip', '... as it came');
is(join(' ', map { s{.*/}{}r } glob "$spool/*"), '1-incomplete bad other.json',
   '... and only what nginx stored is removed');

($rc, $out, $err) = helper('reports', 'show', '--state', $state,
    map { $_->{last_id} } grep { $_->{organization} eq 'Sender' }
    @{ summary($state)->{domains}[0]{reporters} });
is($rc, 0, 'a report of the spool is shown');

spew("$spool/1700000000.000-1-$_-ab_192.0.2.1.gz", 'x') for 1 .. 120;
add($state, $spool);
cmp_ok(scalar(@bad = glob "$spool/bad/*"), '<=', 200, 'bad/ is bounded');
is(scalar(@bad = glob "$spool/17*"), 0, '... and the spool is empty');
$nginx->stop;


# Two at a time lose nothing

$state = state_dir();
mkdir "$dir/two";
spew("$dir/two/1700000000.000-1-$_-ab_192.0.2.1.json", report(id => "two$_"))
    for 1 .. 600;

my @pids = map {
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        my ($status) = run('', "$BUILD/mta-sts", 'reports', 'add', @ours,
                           '--state', $state, "$dir/two");
        POSIX::_exit($status);
    }
    $pid;
} 1 .. 2;

is(join(' ', map { waitpid($_, 0); $? } @pids), '0 0', 'two readers of a spool');
is(sessions(summary($state), 'example.com'), 'sts 600/0 of 600',
   '... lose no report');


# A reader that is killed, and a full disk, lose nothing

sub spooled {
    my ($name, $count) = @_;
    mkdir "$dir/$name";
    spew("$dir/$name/1700000000.000-1-$_-ab_192.0.2.1.json",
         report(id => "$name$_")) for 1 .. $count;
    return "$dir/$name";
}

$state = state_dir();
$spool = spooled('killed', 1500);

my $pid = fork // die "fork: $!";

if ($pid == 0) {
    open STDOUT, '>', '/dev/null';
    exec "$BUILD/mta-sts", 'reports', 'add', @ours, '--state', $state, $spool;
}

for (1 .. 3000) {
    last if (my @left = glob "$spool/*") < 1500;
    select undef, undef, undef, 0.01;
}

kill 'KILL', $pid;
waitpid $pid, 0;
(undef, $out) = add($state, $spool);
like($out, qr/ 0 bad$/, 'after a reader was killed');
is(sessions(summary($state), 'example.com'), 'sts 1500/0 of 1500',
   '... each report counts once');

SKIP: {
    skip 'only root can mount a file system', 5 if $> != 0;

    my $disk = "$dir/disk";
    mkdir $disk;
    is(system('mount', '-t', 'tmpfs', '-o', 'size=300k', 'tmpfs', $disk), 0,
       'a small disk');

    $spool = spooled('full', 1500);
    ($rc, $out, $err) = add($disk, $spool);
    is("$rc$out", 3, 'a full disk');
    like($err, qr{^mta-sts: "\Q$disk\E/reports\.sqlite": database or disk is full$}m,
         '... with the reason');

    system 'mount', '-o', 'remount,size=9m', $disk;
    add($disk, $spool);
    is(sessions(summary($disk), 'example.com'), 'sts 1500/0 of 1500',
       '... loses no report');
    is(scalar(my @left = glob "$spool/*"), 0, '... nor leaves one');
    system 'umount', '-l', $disk;
}


# What large and hostile input costs

my $plain = $ENV{MTA_STS_PLAIN} // $BUILD;
my $slow = $ENV{MTA_STS_TEST_SLOW};

# A sanitizer would take memory as well.  Returns MB, too.

sub cost {
    my (@files) = @_;
    $state = state_dir();
    my ($rc, $out, $err) = run('', 'time', '-f', '%M KB', "$plain/mta-sts",
                               'reports', 'add', '--keep', 9999, @ours,
                               '--state', $state, @files);
    return ($rc, $out, $err, $err =~ /(\d+) KB/ ? $1 / 1000 : 1e9);
}

my $mb;

run('', 'sh', '-c', "head -c 1000000000 /dev/zero | gzip > $dir/bomb.gz");
($rc, $out, $err, $mb) = cost("$dir/bomb.gz");

is($rc, 1, '1 GB of zeros is refused');
like($err, qr/unpacks to more than 200 times its size|more than 16 MiB/,
     '... with the reason');
cmp_ok($mb, '<', 20, '... in less than 20 MB');

spew("$dir/values", '{"a":[' . '0,' x 7_000_000 . '0]}');
($rc, $out, $err, $mb) = cost("$dir/values");
like($err, qr/: the JSON would take more than 32 MiB of memory$/m, 'too many values');
cmp_ok($mb, '<', 50, '... take no memory');

for my $deep (['{"a":' x 33 . '1' . '}' x 33, 'the JSON nests deeper than 32 levels'],
              ['{"a":' x 100_000, 'the JSON nests deeper than 32 levels'],
              ['{"a":' x 32 . '"\\"[[[["' . '}' x 32,
               'not a TLS report: it has no list of policies'])
{
    ($rc, $out, $err) = add($state, \$deep->[0]);
    is("$rc$err", qq{1mta-sts: "standard input": $deep->[1]\n}, 'deep JSON is refused');
}

run('', 'truncate', '-s', '2G', "$dir/sparse");
($rc, $out, $err, $mb) = cost("$dir/sparse");
is($rc, 1, 'a file of 2 GB is refused');
like($err, qr/: it has more than 24 MiB$/m, '... with the reason');
cmp_ok($mb, '<', 80, '... without reading it all');

my @mails = map { "From x\@y Thu Jan  1 00:00:00 2026\n" . slurp($_) =~ s/\r//gr
                  . "\n" } glob 't/data/tlsrpt/*.eml';

spew("$dir/mbox", $mails[0] . "From spam\n\nno report\n\nFrom x\n");
run('', 'truncate', '-s', $slow ? '1G' : '100M', "$dir/mbox");
open my $mbox, '>>', "$dir/mbox" or die $!;
print $mbox "\n$mails[1]" . "From y\n\nspam\n\n" x 1000 . $mails[2];
close $mbox;

($rc, $out, $err, $mb) = cost("$dir/mbox");
is($out, "3 new, 0 known, 0 refused (other domains, or too many), 0 old, 1 bad\n",
   'a large mbox: every report is read');
like($err, qr/: mail 3 has more than 24 MiB$/m, '... but a mail that is too large');
cmp_ok($mb, '<', 80, '... mail by mail');

my $part = encode_base64(zipped('{"a":"' . join('', map { sprintf '%064x%s',
    rand 2 ** 48, '0' x 2000 } 1 .. 5000) . '"}'));

spew("$dir/parts", join "\n", 'MIME-Version: 1.0',
     'Content-Type: multipart/mixed; boundary=x', '', map({ ('--x',
     'Content-Type: application/gzip', 'Content-Transfer-Encoding: base64', '',
     $part) } 1 .. 30), '--x--', '');
($rc, $out, $err, $mb) = cost("$dir/parts");
like($err, qr/: not a TLS report: it has no list of policies$/m,
     'a mail of many large parts');
cmp_ok($mb, '<', 150, '... which are freed');

$state = state_dir();
($rc, $out, $err) = add($state, \($mails[0] . "From y\n\nspam\n\n"),
                        '--keep', 9999);
is("$rc $out", "0 1 new, 0 known, 0 refused (other domains, or too many), 0 old, 0 bad\n",
   'an mbox on standard input');
is(scalar(@kept = glob "$state/bad/*"), 2, '... what is no report is kept');

($rc, $out, $err) = add($state, \("From y\n\nspam\n\n" x 2));
is("$rc$err", qq{1mta-sts: "standard input": none of 2 mails has a TLS report\n},
   'an mbox without a report is bad');

# A store that is not there

my $none = state_dir();
is(join('|', helper('reports', '--state', $none)), "3||mta-sts: there is no "
   . "\"$none/reports.sqlite\", which \"mta-sts reports add\" makes\n",
   'no store yet');
is(join('|', add("$none/no", 't/data/tlsrpt/google-ok.json')), '3||mta-sts: '
   . "open() \"$none/no/reports.sqlite\" failed (2: No such file or directory)\n",
   'no directory for it');


done_testing;
