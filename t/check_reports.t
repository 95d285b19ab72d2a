#!/usr/bin/perl

# mta-sts check and TLS reports: failures that verified reports name, records
# without reports, and where reports go; what cannot be read is unknown.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP;
use MtaSts;
use MtaSts::Reports;
use MtaSts::World;
use Test::More;

enter_world();

$ENV{PATH} .= ':/usr/sbin:/sbin';

my $world = MtaSts::World->new;
my $dir = $world->dir;
my %mode = (enforced => 'enforce', tested => 'testing', left => 'none',
            own => 'enforce', both => 'enforce', web => 'enforce',
            few => 'enforce', fewtested => 'testing', much => 'enforce', split => 'enforce',
            alone => 'enforce', unsaid => 'enforce', two => 'enforce', six => 'enforce');
my %rua = (own => 'mailto:tls@OWN.example?subject=x,mailto:b@own.example',
           both => 'mailto:tls@both.example,mailto:a@b.example',
           web => 'https://WEB.example:8443/tlsrpt',
           few => 'https://tls.few.example?x', much => 'mailto:a@b.much.example',
           tested => 'https://b.example/@tested.example,mailto:a@nottested.example,'
                   . 'https://tested.example.b.example');
my @names = sort keys %mode;

my $cert = $world->cert('good', [map { "mta-sts.$_.example" } @names]);

$world->dns("mx.good A 192.0.2.10\n" . join('', map {
    "mta-sts.$_ A 192.0.2.1\n_mta-sts.$_ TXT \"v=STSv1; id=1;\"\n"
    . "$_ MX 1 mx.good\n_smtp._tls.$_ TXT \"v=TLSRPTv1; rua="
    . ($rua{$_} // 'mailto:a@b.example') . "\"\n" } @names), [], []);

$world->nginx(join('', map { web("mta-sts.$_.example", $cert,
    "default_type text/plain; root %%DIR%%; location / { try_files /$_.txt =404; }")
    } @names), map { ("$_.txt" => "version: STSv1\r\nmode: $mode{$_}\r\n"
    . "mx: mx.good.example\r\nmax_age: 604800\r\n") } @names);

spew("$dir/domains.yaml", "mx: mx.good.example\ndomains:\n"
     . join '', map { "  $_.example: {}\n" } @names);
mkdir "$dir/state";

sub check {
    my (@args) = @_;
    my ($status, $out, $err) = helper('check', '-f', 'json', '--no-config',
        '--no-smtp', '--resolver', $world->resolver, '--ca', $world->ca,
        '--state', "$dir/state", @args, map { "$_.example" } @names);
    my $list = eval { decode_json($out) } or diag "$out$err";
    return ($status, { map {
        my $domain = $_;
        $domain->{domain} =~ s/\.example$//r => {
            map { $_->{code} => $_ } @{ $domain->{findings} } }
        } @$list });
}

sub reported {
    my ($name, $signed, %is) = @_;
    my $report = report(domains => ["$name.example"], mx => 'mx.good.example',
                        %is);
    my $auth = $is{signer} ? "mx.example.com; dkim=pass header.d=$is{signer}" : undef;
    my ($rc, $out, $err) = helper(\($signed ? mail($report, auth => $auth) : $report),
        'reports', 'add', '-d', "$dir/domains.yaml", '--state', "$dir/state",
        '--trust-authserv', 'mx.example.com');
    is("$rc $err", '0 ', "a report about $name.example");
}

sub codes {
    my ($found, $name) = @_;
    return join ' ', sort grep { /^(?:report|tlsrpt)-/ } keys %{ $found->{$name} };
}


# Nobody takes reports here

my ($status, $found) = check();

is($status, 0, 'no store of reports: nothing is wrong');
is(codes($found, 'own'), 'tlsrpt-own', 'reports to the domain itself');
is(codes($found, $_), 'tlsrpt-own', "... $_, too") for qw(both web few much);
is(codes($found, $_), '', "... not $_") for qw(enforced tested);
is((check('--fail-on', 'note'))[0], 1, '... are a note');
like($found->{$_}{'tlsrpt-own'}{text}, qr/^all reports go to the domain /, "all: $_")
    for qw(own web few much);
like($found->{both}{'tlsrpt-own'}{text}, qr/^1 of 2 report addresses is in the domain .* the other is not$/,
     'or some');


# Reports about some

my @bad = (good => 0, failed => 3, results => ['certificate-expired']);

reported('enforced', 0, @bad);
($status, $found) = check();
is("$status " . codes($found, 'enforced'), '0 ', 'an unverified report decides nothing');
is(codes($found, 'tested'), 'report-none', 'a record without a report');
like($found->{left}{'report-none'}{text}, qr/^no report has come, .*"mailto:a\@b\.example"/,
     '... names where they go');
is($found->{tested}{'report-none'}{severity}, 'note', '... which is a note');

reported('tested', 0, ago => 8);
($status, $found) = check();
like($found->{tested}{'report-none'}{text}, qr/^the last report ended 8 days ago/,
     'none for a week');

for my $name (qw(enforced tested left)) {
    reported($name, 1, @bad, mx => 'mx.good.example');
    reported($name, 1, @bad, type => 'tlsa');
    reported($name, 1, @bad, results => ['sts-policy-invalid']);
    reported($name, 1, @bad, type => 'no-policy-found');
}

reported('web', 1, @bad, ago => 4);
($status, $found) = check();
is($status, 1, 'verified failures');
is(codes($found, 'enforced'),
   'report-apart report-dane report-refused report-unprotected', '... by what they do');
is($found->{enforced}{'report-refused'}{text}, 'sts: 3 of 6 sessions to mx.good.example '
   . 'failed, certificate-expired, says Sender, signed by sender.example: the '
   . 'certificate has expired: renew it, and reload the mail server',
   '... with MX, type, who says so, and what to do');
is(join(' ', map { $found->{$_}{'report-refused'}{severity} }
        qw(enforced tested left)), 'error warning note', '... which depends on the mode');
is(join(' ', map { $found->{$_}{'report-dane'}{severity} }
        qw(enforced tested left)), 'warning warning warning', '... but not with DANE');
is(codes($found, 'web'), 'tlsrpt-own', 'what is older counts no more');

reported('both', 1, @bad, results => [map { "x-$_" } 1 .. 9]);
($status, $found) = check();
like($found->{both}{'report-refused'}{text} // '', qr/x-\d|and 4 more/, 'many failures');


# Few refused sessions of many are a warning; one in 20, all of a report, or no number
# are an error.  Each sender is for itself

{
    my @expired = (results => ['certificate-expired']);

    reported($_, 1, good => 20, failed => 1, @expired) for qw(few fewtested);
    reported('much', 1, good => 19, failed => 1, @expired);
    reported('split', 1, good => 25, failed => 1, results => [$_])
        for qw(certificate-expired certificate-host-mismatch x-a);
    reported('alone', 1, good => 1000);
    reported('alone', 1, good => 0, failed => 1, @expired);
    reported('unsaid', 1, good => 1000, failed => 0, @expired);
    reported('two', 1, good => 1000, signer => 'large.example');
    reported('two', 1, good => 5, failed => 1, @expired, signer => 'small.example');
    reported('two', 1, good => 5, failed => 1, @expired, signer => 'large.example');
    reported('two', 0, good => 100000, failed => 0);
    reported('six', 1, good => 1000, failed => 1, results => ["x-$_"]) for 1 .. 6;

    my (undef, $found) = check();

    for (['few', 'warning', '1 of 21', 'one of 21 sessions'],
         ['fewtested', 'warning', '1 of 21', 'the same in testing'],
         ['much', 'error', '1 of 20', 'one of 20'],
         ['split', 'warning', '1 of 78', 'three of 78'],
         ['alone', 'error', '1 of 1001', 'all of a report'],
         ['unsaid', 'error', 'some', 'no number'],
         ['two', 'error', '1 of 6', 'few of a large sender, many of a small one'])
    {
        my ($name, $severity, $of, $what) = @$_;
        my $finding = $found->{$name}{'report-refused'};
        is($finding->{severity}, $severity, "$what: $severity");
        like($finding->{text}, qr/sts: $of sessions/, '... with its share');
    }

    unlike($found->{two}{'report-refused'}{text}, qr/1006/, '... which are not added up');
    is($found->{six}{'report-refused'}{severity}, 'warning', 'the last of many is a warning, too');

    reported('split', 1, good => 1, failed => 2, results => ['x-b']);
    (undef, $found) = check();
    is($found->{split}{'report-refused'}{severity}, 'error', 'five of 81, for four reasons: error');
}


# What cannot be read

spew("$dir/state/reports.sqlite", 'nonsense' x 1000);
unlink glob "$dir/state/reports.sqlite-*";
($status, $found) = check();
is($status, 3, 'a store that cannot be read');
is(codes($found, 'left'), 'report-unknown', '... is unknown');
is($found->{left}{'report-unknown'}{severity}, 'unknown', '... and says so');

unlink "$dir/state/reports.sqlite";
is((run('', 'sqlite3', "$dir/state/reports.sqlite", 'PRAGMA user_version = 2'))[0],
   0, 'a store of another version');
is(codes((check())[1], 'left'), 'report-unknown', '... is unknown');
is((run('', 'sqlite3', "$dir/state/reports.sqlite", 'PRAGMA user_version = 0'))[0],
   0, 'a file that is no store');
is(codes((check())[1], 'left'), 'report-unknown', '... is unknown');

$world->stop;
done_testing();
