#!/usr/bin/perl

# The report of mta-sts check -f html in a real Chromium, driven by
# t/browser/report.js: what servers sent is text and not markup, search and filter
# work, and it is accessible, in both colour schemes and at 360 px.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use MtaSts;
use MtaSts::Browser;
use MtaSts::World;
use Test::More;

enter_world();

$ENV{PATH} .= ':/usr/sbin:/sbin';

my $world = MtaSts::World->new;
my $policy = "version: STSv1\r\nmode: enforce\r\nmx: mx.good.example\r\n"
           . "max_age: 604800\r\n";
my @domains = qw(healthy status markup mixed spaced unseen);
my $cert = $world->cert('good', [map { "mta-sts.$_.example" } @domains]);

$world->dns("mx.good A 192.0.2.10\n" . join('', map { <<"EOZ" }
mta-sts.$_ A @{[$_ eq 'unseen' ? '203.0.113.9' : '192.0.2.1']}
$_ MX 1 mx.good
_smtp._tls.$_ TXT "v=TLSRPTv1; rua=mailto:a\@b.example"
EOZ
    @domains) . <<'EOZ', [], []);
_mta-sts.healthy TXT "v=STSv1; id=1;"
_mta-sts.unseen TXT "v=STSv1; id=1;"
_mta-sts.spaced TXT "v=STSv1; id=1; "
_mta-sts.mixed TXT "v=STSv1; id=1; "
mta-sts.mixed A 203.0.113.9
_mta-sts.status TXT "v=STSv1; id=1;"
_mta-sts.markup TXT "v=STSv1; id=<script>alert(1)</script>&quot'\"onload=x;"
EOZ

$world->nginx(join('', map { web("mta-sts.$_.example", $cert,
    'default_type text/plain; root %%DIR%%; '
    . 'location / { try_files /p.txt =404; }') } qw(healthy markup spaced))
    . join('', map { web("mta-sts.$_.example", $cert, 'return 500;') } qw(status mixed)), 'p.txt' => $policy);
$world->cert('mx', ['mx.good.example']);
$world->postfix('192.0.2.10' => ['smtpd_tls_chain_files=' . $world->dir
                                 . '/mx.key,' . $world->dir . '/mx.pem']);

my @args = ('--no-config', '--resolver', $world->resolver, '--ca', $world->ca,
            map { "$_.example" } qw(healthy status spaced markup unseen mixed none));
my ($status, $out, $err) = helper('check', '-f', 'html', @args);

is($status, 1, 'errors: 1') or diag $err;
unlike($out, qr/<script>alert/, 'what a server sent is escaped');
like($out, qr/&lt;script&gt;alert\(1\)&lt;\/script&gt;&amp;quot&#39;&quot;onload/,
     'but shown');
unlike($out, qr/[^\x20-\x7e\n]/, 'printable ASCII');

my ($mixed) = $out =~ m{<h3>mixed\.example</h3>(.*?)</section>}s;
is_deeply([$mixed =~ m{<li><strong class="\w+">(\w+)</strong> <code>([\w-]+)</code>}g],
          [qw(error policy-status unknown policy-no-route warning txt-trailing-space)],
          'of a domain: errors, what is unknown, warnings');

my (undef, $text) = helper('check', @args);
is(join(' ', $text =~ /^(\w+)\.example/mg),
   'markup mixed none status unseen spaced healthy', 'the text has the same order');

# Totals and the filter have the order of the list

my $totals = qr/\d+ errors?, \d+ unknown, \d+ warnings?/;
like($text, qr/^7 domains: $totals, \d+ notes?$/m, 'totals of the text');
like((helper('check', '-f', 'nagios', @args))[1],
     qr/ 7 domains, $totals \| domains=7 errors=\d+ unknown=\d+ warnings=\d+ notes=\d+$/m, '... for Nagios');
is(join(' ', $out =~ m{<li class="(\w+)"><strong>\d}g), 'all error unknown warning note', '... of the page');
like($out, qr{<option>error</option><option>unknown</option><option>warning</option>}, '... its filter');

my $home = tempdir(CLEANUP => 1);
spew("$home/report.html", $out);

browse('report',
    url     => "file://$home/report.html",
    shot    => 'report',
    domains => [map { "$_.example" } qw(markup mixed none status unseen
                                       spaced healthy)],
    healthy => ['healthy.example'],
    search  => { words => 'STATUS 500', domains => ['mixed.example', 'status.example'] });

$world->stop;
done_testing();
