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
my $cert = $world->cert('good', [map { "mta-sts.$_.example" }
                                 qw(healthy status markup)]);

$world->dns("mx.good A 192.0.2.10\n" . join('', map { <<"EOZ" }
mta-sts.$_ A 192.0.2.1
$_ MX 1 mx.good
_smtp._tls.$_ TXT "v=TLSRPTv1; rua=mailto:a\@b.example"
EOZ
    qw(healthy status markup)) . <<'EOZ', [], []);
_mta-sts.healthy TXT "v=STSv1; id=1;"
_mta-sts.status TXT "v=STSv1; id=1;"
_mta-sts.markup TXT "v=STSv1; id=<script>alert(1)</script>&quot'\"onload=x;"
EOZ

$world->nginx(join('', map { web("mta-sts.$_.example", $cert,
    'default_type text/plain; root %%DIR%%; '
    . 'location / { try_files /p.txt =404; }') } qw(healthy markup))
    . web('mta-sts.status.example', $cert, 'return 500;'), 'p.txt' => $policy);
$world->cert('mx', ['mx.good.example']);
$world->postfix('192.0.2.10' => ['smtpd_tls_chain_files=' . $world->dir
                                 . '/mx.key,' . $world->dir . '/mx.pem']);

my ($status, $out, $err) = helper('check', '-f', 'html', '--no-config',
    '--resolver', $world->resolver, '--ca', $world->ca, 'healthy.example',
    'status.example', 'markup.example', 'none.example');

is($status, 1, 'errors: 1') or diag $err;
unlike($out, qr/<script>alert/, 'what a server sent is escaped');
like($out, qr/&lt;script&gt;alert\(1\)&lt;\/script&gt;&amp;quot&#39;&quot;onload/,
     'but shown');
unlike($out, qr/[^\x20-\x7e\n]/, 'printable ASCII');

my $home = tempdir(CLEANUP => 1);
spew("$home/report.html", $out);

browse('report',
    url     => "file://$home/report.html",
    shot    => 'report',
    domains => [map { "$_.example" } qw(markup none status healthy)],
    healthy => ['healthy.example'],
    search  => { words => 'STATUS 500', domains => ['status.example'] });

$world->stop;
done_testing();
