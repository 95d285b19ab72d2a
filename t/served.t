#!/usr/bin/perl

# What --served holds back: a policy that is announced before it is served, or
# that stops the mail of a domain, is not announced; what is no worse than what
# senders have already is.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::World;
use Test::More;

enter_world;

my $world = MtaSts::World->new;
my $dir = $world->dir;
my $yaml = "$dir/mta-sts.yaml";

# domains, the addresses of their policy hosts, and what each serves: "new", or
# "old" for a policy in enforce; "dead" has no server

my %served = (
    good    => [[1, 'new']],
    twice   => [[1, 'new'], [2, 'new']],
    half    => [[1, 'new'], [3, 'dead']],
    late    => [[1, 'new'], [2, 'old']],
    down    => [[1, 'new'], [3, 'dead']],
    both    => [[1, 'new'], [2, 'old']],
    away    => [[3, 'dead']],
    moved   => [[1, 'new']],
    strict  => [[1, 'new']],
);

my %mode = (down => 'testing', both => 'testing', away => 'none');

# where mail goes: that of moved matches no pattern

my %mx = (map({ ($_ => "mx.$_.example") } keys %served),
          moved => 'mx.elsewhere.example');

sub settings {
    my ($name, $mode) = @_;
    return "{mode: $mode, mx: mx.$name.example, tlsrpt_rua: "
         . "mailto:tls\@$name.example}";
}


sub domains { return "domains:\n" . join '', @_ }


# The records of the configured policies, by name.

sub id {
    my ($name, $mode) = @_;
    spew("$dir/id.yaml", domains("  $name.example: " . settings($name, $mode)
                                 . "\n"));
    my (undef, $out) = helper('records', '-d', "$dir/id.yaml", '-f', 'json');
    return $out =~ /"id": "(\w+)"/ ? $1 : die $out;
}


sub body {
    my ($name, $mode) = @_;
    spew("$dir/id.yaml", domains("  $name.example: " . settings($name, $mode)
                                 . "\n"));
    return (helper('policy', '-d', "$dir/id.yaml", "$name.example"))[1];
}


my ($records, $http) = ('', '');

for my $name (sort keys %served) {
    my $old = id($name, $mode{$name} ? 'enforce' : 'testing');

    $records .= "$name MX 10 $mx{$name}.\n$mx{$name}. A 192.0.2.20\n"
        . "_mta-sts.$name 77000 TXT \"v=STSv1; id=$old;\"\n"
        . join '', map { "mta-sts.$name A 192.0.2.$_->[0]\n" }
                   @{ $served{$name} };

    my $cert = $world->cert($name, ["mta-sts.$name.example"]);

    for my $place (@{ $served{$name} }) {
        my ($n, $what) = @$place;
        next if $what eq 'dead';
        my $mode = $what eq 'old' ? 'enforce' : $mode{$name} // 'enforce';
        my $body = $what eq 'old' ? body("$name", 'enforce') =~ s/604800/1000/r
                                  : body($name, $mode);
        $http .= web("mta-sts.$name.example", $cert, 'location / { '
            . "default_type text/plain; return 200 \"$body\"; }",
            listen => ["192.0.2.$n"]);
    }
}

$world->dns($records . "new MX 10 mx.new.example.\nmx.new A 192.0.2.20\n",
            ['broken.wrong'], []);
$world->nginx($http);

# a mail server without STARTTLS

$world->listener('192.0.2.20', 25, sub {
    my ($client) = @_;
    print $client "220 mx.example ESMTP\r\n";
    while (my $line = <$client>) {
        print $client $line =~ /^EHLO/i ? "250 mx.example\r\n"
            : $line =~ /^QUIT/i ? "221 bye\r\n" : "502 no\r\n";
        last if $line =~ /^QUIT/i;
    }
});

my @net = ('--resolver', $world->resolver, '--ca', $world->ca, '--timeout', 60);

# but for how long a busy machine takes

my @slow = ('--accept', 'policy-slow');

sub records {
    return helper('records', '-d', $yaml, '--served', @slow, @net, @_);
}

spew($yaml, domains(map { "  $_.example: " . settings($_, $mode{$_} // 'enforce')
                        . "\n" } sort keys %served));


# A domain, its policy's record or none, and why

for my $case (
    ['good',   1],
    ['twice',  1],
    ['half',   0, 'policy-connect'],
    ['late',   0, 'policy-differs'],
    ['down',   1],
    ['both',   0, 'policy-differs'],
    ['away',   0, 'policy-connect'],
    ['moved',  0, 'mx-not-covered'])
{
    my ($name, $printed, $code) = @$case;
    my ($status, $out, $err) = records("$name.example");

    is($status, 1 - $printed, "$name: status");
    is(scalar(() = $out =~ /^_mta-sts/mg), $printed, '... its policy');
    is(scalar(() = $out =~ /^_smtp/mg), 1, '... and that of TLSRPT');

    if ($printed) {
        is($err, '', '... nothing is said');
        next;
    }

    my @codes = $err =~ /^mta-sts: \Q$name\E\.example is held back: ([a-z-]+): /mg;
    is("@codes", $code, '... the reason');
    like($err, qr/^mta-sts: 1 of 1 policies are held back; .*--accept CODE:DOMAIN/m,
         '... and what to do');

    for my $accept ([1, $code], [1, "$code:$name.example"],
                    [0, "$code:good.example"], [0, 'policy-tls'],
                    [1, 'policy-tls', $code])
    {
        my ($ok, @codes) = @$accept;
        ($status, $out) = records("$name.example",
                                  map { ('--accept', $_) } @codes);
        is($status, 1 - $ok, "... --accept @codes");
        is(scalar(() = $out =~ /^_mta-sts/mg), $ok, '... its policy');
    }
}


# All together: the good ones are printed

my ($status, $out, $err) = records('--only', 'policy');
is($status, 1, 'all domains');
is(join(' ', $out =~ /^_mta-sts\.(\w+)/mg), 'down good strict twice',
   '... those that may be announced');
like($err, qr/^mta-sts: 5 of 9 policies are held back/m, '... and how many not');


# Before nginx is reloaded: what would stop mail

for my $case ([1, 'enforce', 'mx.other.example'],
              [0, 'testing', 'mx.other.example'],
              [0, 'enforce', 'mx.moved.example', 'mx.elsewhere.example'])
{
    my ($stops, $mode, @mx) = @$case;
    spew("$dir/next.yaml", domains("  moved.example: {mode: $mode, mx: ["
                                   . join(', ', @mx) . "]}\n"));
    my ($s, $o, $e) = helper('check', '--before-reload', '-d',
                             "$dir/next.yaml", @net);
    is($s, $stops, "before the reload: $mode, @mx");
    is(scalar(() = $o =~ /mx-not-covered-next/g), $stops,
       '... mail would stop, or not');
    unlike($o, qr/policy-(?!slow)|txt-/, '... and nothing else is said');
}

is((helper('check', '--before-reload', '--no-config', 'a.example'))[0], 2,
   '... which needs a configuration');


# P9: policy hosts that resolve here

for my $case (['good moved strict', 1], ['good late moved strict twice both', 1, 2],
              ['away', 3], ['', 4])
{
    my ($names, @addresses) = @$case;
    my ($s, $o, $e) = helper('list', '--hosts', '-d', $yaml, @net[0 .. 1],
                             map { ('--pointing', "192.0.2.$_") } @addresses);
    is("$s $e", '0 ', "list --pointing @addresses");
    is(join(' ', sort $o =~ /^mta-sts\.(\w+)/mg), join(' ', sort split / /, $names),
       '... policy hosts with these addresses only');
}

is((helper('list', '-d', $yaml, '--pointing', 'mx.example'))[2], 'mta-sts: '
   . "invalid address \"mx.example\", must be an IP address\n",
   '... which are no names');


# Mail servers

($status, $out, $err) = records('--smtp', 'strict.example');
is($status, 1, '--smtp: a mail server without STARTTLS');
like($err, qr/strict\.example is held back: smtp-starttls: /, '... is a reason');
($status) = records('--smtp', '--accept', 'smtp-starttls', 'strict.example');
is($status, 0, '... that can be accepted');
($status) = records('--smtp', 'down.example');
is($status, 0, '... and is none in testing');


# P3: a new domain has its address first

spew("$dir/new.yaml", domains('  new.example: ' . settings('new', 'enforce')
                              . "\n"));

my @new = ('records', '-d', "$dir/new.yaml", '--served', @slow, @net,
           '--policy-host', '192.0.2.1');
($status, $out, $err) = helper(@new);
is($status, 1, 'a new domain');
is(join(' ', $out =~ /^(\S+)\.new/mg), '_smtp._tls mta-sts',
   '... the address is printed');
like($err, qr/new\.example is held back: host-none: /, '... and the reason');
($status, $out, $err) = helper(@new, '--only', 'address');
is("$status $err", '0 ', '... only the address');
is(join(' ', $out =~ /^(\S+)\.new/mg), 'mta-sts', '... is no policy');


# In the file of a zone, what is held back keeps its live record

my $folder = "$dir/zones";
mkdir $folder;
my @zones = ('--zone', 'example', '-o', $folder);

for my $format ('zone', 'octodns', 'dnscontrol', 'nsupdate', 'terraform') {
    my @more = $format eq 'terraform' ? ('--provider', 'route53') : ();
    unlink glob "$folder/*";
    ($status, $out, $err) = records(@zones, '-f', $format, @more, '--only',
                                    'policy');
    is("$status $out", '1 ', "$format: a file");

    my $text = slurp((glob "$folder/*")[0]);
    my %ids = map { ($_ => 1) } $text =~ /id=(\w+)/g;

    is(scalar(keys %ids), 9, '... has a record of each domain');
    ok($ids{id('moved', 'testing')}, '... the live one of moved');
    ok($ids{id('both', 'enforce')}, '... and of both');
    ok($ids{id('good', 'enforce')}, '... and the new one of good');
    ok(!$ids{id('good', 'testing')}, '... but not its old one');
}

($status, $out, $err) = records('-f', 'octodns', 'moved.example');
like($out, qr/^_mta-sts:\n  ttl: 7[67]\d{3}$/m, 'a live record has its TTL');

# ... and where it is unknown, nothing is written

spew($yaml, slurp($yaml) . "  x.broken.wrong: {mode: testing, mx: a.example}\n");
unlink glob "$folder/*";
spew("$folder/broken.wrong.zone", "old\n");
($status, $out, $err) = records('-o', $folder, '--zone', 'example', '--zone',
                                'broken.wrong', '--only', 'policy');
is($status, 1, 'a zone whose name servers do not answer');
is(slurp("$folder/broken.wrong.zone"), "old\n", '... its file stays');
like($err, qr/^mta-sts: broken\.wrong is not written: /m, '... which is said');
ok(-e "$folder/example.zone", '... and the other zone is written');


# With --changed, what is announced already is not held back

spew($yaml, domains('  moved.example: ' . settings('moved', 'testing') . "\n"));
($status, $out, $err) = records('--changed', '--only', 'policy');
is("$status $out$err", '0 ', 'a record that is there already is no question');

done_testing();
