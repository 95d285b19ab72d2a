#!/usr/bin/perl

# nginx and the helper read thousands of random configurations.  Both accept one
# or both refuse it, in the same words and at the same place.  What is accepted,
# nginx serves: for every host it is asked on every address, and of those that
# count for a domain either all send what the helper says, be it a policy's bytes
# or none, or the helper refuses the domain and nginx indeed does not send one
# policy there, or not that of a server that has the domain.  The same with domains
# files.
#
# The cases are the same each time; another MTA_STS_TEST_SEED brings others, and
# with the one that a failure prints it is the first case.  MTA_STS_TEST_CASES is
# how many there are of each kind.
#
# Left out is what only nginx knows, of its other directives.

use strict;
use warnings;

use lib 't/lib';
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use File::Temp ();
use MtaSts;
use MtaSts::Brief;
use MtaSts::Parity;
use MtaSts::Random;
use MtaSts::Random::Conf;
use MtaSts::Random::Yaml;
use Storable qw(nstore retrieve);
use Test::More;

use constant { JOBS => 2, SERVED_TOGETHER => 40, SHOWN => 3 };

# under a sanitizer each process takes several times as long

my $asan = slurp("$MtaSts::BUILD/mta-sts") =~ /__asan_init/;
my $cases = $ENV{MTA_STS_TEST_CASES}
    // ($ENV{MTA_STS_TEST_SLOW} ? 2000 : 200) / ($asan ? 5 : 1);

my $cert = File::Temp::tempdir(CLEANUP => 1);

make_cert($cert, 'one', 'a.example');

my $load = main_level('master_process off; pid logs/nginx.pid; '
                      . 'error_log logs/error.log info;');


# What a job has seen: numbers by name, what is wrong, and the case it is at.

my (%count, @wrong, $case);


# What is wrong with a case, with all that is needed to reproduce it.

sub wrong {
    my ($case, $what, @said) = @_;
    my $text = "$what\nMTA_STS_TEST_SEED=$case->{n} has it as its first case "
        . "of $case->{kind}\n";

    for my $file (sort keys %{ $case->{files} }) {
        my $inside = $case->{files}{$file};
        $inside =~ s/([^\n -~])/sprintf '\\x%02x', ord $1/ge;
        $text .= "---- $file\n$inside\n";
    }

    $text .= "---- said\n$_\n" for @said;
    push @wrong, $text;

    return;
}


# The helper; a sanitizer's report is wrong whatever it was run for.

sub asked {
    my ($case, @args) = @_;
    my $in = ref $args[0] ? ${ shift @args } : '';
    my ($rc, $out, $err) = run($in, "$MtaSts::BUILD/mta-sts", @args);

    wrong($case, "mta-sts @args ends with $rc", $err)
        if $rc > 1 || $err =~ /Sanitizer|runtime error:/;

    return ($rc, $out, $err);
}


sub write_files {
    my ($case, $nginx, $base) = @_;
    my $files = $case->{files};

    for my $file (sort keys %$files) {
        $files->{$file} =~ s/%%DIR%%/$base/g;
        $files->{$file} =~ s/%%A(\d)%%/$nginx->{addresses}[$1]/g;
        $files->{$file} =~ s/%%CERT%%/$cert\/one.pem/g;
        $files->{$file} =~ s/%%KEY%%/$cert\/one.key/g;
        make_path(dirname("$base/$file"));
        spew("$base/$file", $files->{$file});
    }
}


# Both refuse, or should.

sub compare_refusal {
    my ($case, $said, $rc, $err) = @_;
    my $what = refusals_differ($said, $rc, $err, $case->{spread});

    $count{ $what // 'same_reason' }++ if ($what // 'foreign') eq 'foreign';
    wrong($case, $what, "nginx:   $said\nmta-sts: $err")
        if ($what // 'foreign') ne 'foreign';

    return;
}


# The verdicts of both.  Returns the list if both accept, else nothing.

sub compare_verdicts {
    my ($case, $nginx, @list) = @_;
    my $option = chance(0.1) ? '-T' : '-t';
    my ($status, $out, $said) = $nginx->nginx($option);
    my ($rc, $list, $err) = asked($case, 'list', @list);
    my $both = "nginx:   $said\nmta-sts: $err";

    $count{compared}++;
    $count{$status == 0 ? 'accepted' : 'refused'}++;

    return compare_refusal($case, $said, $rc, $err) if $status != 0;

    $case->{refused} = $list =~ /  refused  /;
    $count{conflicts}++ if $case->{refused};

    return wrong($case, 'only mta-sts refuses', $both)
        if $rc != ($case->{refused} ? 1 : 0);

    # nginx warns where the helper refuses a domain, or warns, too

    wrong($case, 'only one has domains without their policy', $both, $list)
        if !($said =~ /\] (?:\d+#\d+: )?for domains? "/)
           != !($case->{refused} || $err =~ /: warning: for domains? "/);

    my ($theirs, $ours) = warnings_of($list[0] eq '-d', $said, $err);
    wrong($case, 'other warnings', $both)
        if $theirs ne $ours && !$case->{damaged};

    if ($option eq '-T') {
        my (undef, $again, $more) = asked($case, \$out, 'list', '-c', '-');
        my $first = $list[0] eq '-c' ? $list
                                     : (asked($case, 'list', '-c', $nginx->dir
                                              . '/nginx.conf'))[1];
        wrong($case, 'another list from nginx -T', $first, "$again$more")
            if $again ne $first;
    }

    return $list;
}


# The servers that are configured with a policy for a host, by their own names;
# "exact" are those that have it for this very domain.

sub carriers {
    my ($case, $host) = @_;
    my ($domain) = $host =~ /^mta-sts\.(.+)/ or return;
    my @all;

    for my $server (@{ $case->{servers} }) {
        next if ($server->{enabled} // $case->{enabled} // 'on') eq 'off';
        my $named = grep { name_matches($_, $host) } @{ $server->{names} };

        if ($server->{kind} eq 'file') {
            push @all, { %$server, exact => 1, id => $server->{ids}{$domain} }
                if $server->{ids}{$domain};
            push @all, { %$server, exact => 0, id => $server->{ids}{'*'} }
                if !$server->{ids}{$domain} && $named && $server->{ids}{'*'};

        } elsif ($named && ($server->{kind} eq 'own'
                            || $server->{kind} ne 'file' && $case->{http_mx})) {
            my $exact = grep { $_ eq $host || $_ eq ".$host" }
                @{ $server->{names} };
            push @all, { %$server, exact => $exact ? 1 : 0 };
        }
    }

    return @all;
}


# The addresses that count for a host: where a server with a policy for it
# listens, with TLS if any of them has it.  Of servers that only have a default
# policy, next to others that have the domain, the port must be one of theirs, and
# nginx must choose one with a policy.

sub counting {
    my ($case, $got, @carriers) = @_;
    my %tls = %{ $case->{tls} };
    my @exact = grep { $_->{exact} } @carriers;
    my $any = grep { $tls{$_} } map { @{ $_->{listen} } }
        @exact ? @exact : @carriers;
    my (%ports, %addresses);

    for my $carrier (@exact ? @exact : @carriers) {
        for my $address (@{ $carrier->{listen} }) {
            next if $any && !$tls{$address};
            $addresses{$address} = 1;
            $ports{ $case->{port}{$address} } = 1;
        }
    }

    for my $carrier (@exact ? grep { !$_->{exact} } @carriers : ()) {
        for my $address (@{ $carrier->{listen} }) {
            $addresses{$address} = 1
                if (!$any || $tls{$address}) && $got->{$address} ne 'none'
                && $ports{ $case->{port}{$address} };
        }
    }

    return keys %addresses;
}


# What the helper says of a domain: an id, "refused" or "none".

sub helper_says {
    my ($case, $conf, $list, $domain) = @_;

    return $case->{ids}{$domain} if defined $case->{ids}{$domain};
    return 'refused' if $list =~ /^\Q$domain\E +\S+ +refused /m;

    my ($rc, $policy, $err) = asked($case, 'policy', '-c', $conf, $domain);

    $err =~ s/^.*: warning: .*\n//mg;

    return id_of($policy) if $rc == 0;
    return 'refused' if $err =~ /nginx chooses|has another policy/;
    return 'none' if $err =~ /: no policy for domain/;

    return wrong($case, "policy $domain: another error", $err);
}


# No silent difference, and no refusal without need.

sub compare_host {
    my ($case, $domain, $says, $got) = @_;
    my @carriers = carriers($case, "mta-sts.$domain");
    my @addresses = sort { $a cmp $b } counting($case, $got, @carriers);
    my @served = map { $got->{$_} } @addresses;
    my %served = map { $_ => 1 } @served;
    my $what = "mta-sts.$domain: nginx has "
        . join(', ', map { "$_ $got->{$_}" } sort keys %$got)
        . ", of which count: @addresses; mta-sts says $says";

    # what no server has, none may send

    if (!@carriers) {
        wrong($case, "$what, though no server has it")
            if $says ne 'none' || grep { $_ ne 'none' } values %$got;
        return;
    }

    if ($says ne 'refused') {
        wrong($case, $what) if !@served || grep { $_ ne $says } @served;
        return;
    }

    # nginx disagrees with itself, or with what one of the servers is to serve

    $count{refused_domains}++;

    my @ids = map { $_->{id} } @carriers;
    my $shadowed = @carriers > 1 && grep { $_->{exact} } @carriers;

    wrong($case, "$what, without need")
        if keys %served == 1 && !$served{none}
        && (!$shadowed || !grep { !defined || $_ ne $served[0] } @ids);
}


# Sets the ids of each server with a file, as the helper lists them.

sub learn {
    my ($case, $nginx) = @_;

    for my $server (grep { $_->{kind} eq 'file' } @{ $case->{servers} }) {
        next if ($server->{enabled} // $case->{enabled} // 'on') eq 'off';

        my $file = $server->{file} =~ s/^%%DIR%%/$nginx->dir/er;
        $file = $nginx->dir . "/$file" if $file !~ m{^/};
        ($server->{ids}) = listed((asked($case, 'list', '-d', $file))[1]);
        push @{ $case->{asked} }, grep { $_ ne '*' } keys %{ $server->{ids} };
    }
}


# A host as a client may write it.

sub as_written {
    my ($host) = @_;
    $host = uc $host if chance(0.1);
    return $host . pick('', '', '', '', '.', ':80', '.:443');
}


# Asks for all hosts on all addresses.

sub compare_served {
    my ($case, $nginx, $conf, $list) = @_;
    my ($ids) = listed($list);
    my %known = map { $_ => 1 } map { (columns($_))[3] } split /\n/, $list;

    $case->{ids} = $ids;
    $case->{asked} = [@{ $case->{domains} }, keys %$ids, 'e.example',
                      's0.example', 'x.s0.example', 'z.b.example', 'z.test',
                      'x1.com', 'b.net'];
    learn($case, $nginx) if !$case->{spoilt};

    my %domains = map { $_ => 1 } grep { $_ ne '*' } @{ $case->{asked} };
    my @domains = sort keys %domains;
    my @hosts = ((map { "mta-sts.$_" } @domains),
                 qw(www.example.com mta-sts example.com));
    my %addresses = map { $_ => 1 } map { @{ $_->{listen} } }
        @{ $case->{servers} };
    my %got;

    return wrong($case, 'nginx does not start',
                 slurp($nginx->dir . '/logs/error.log'))
        if !brief_begin($nginx);

    for my $address (sort keys %addresses) {
        my ($n) = $address =~ /%%A(\d)%%/;
        my @got = brief_ask($nginx->{asked}[$n], $case->{tls}{$address},
                            map { as_written($_) } @hosts);

        # where something is wrong a server may listen elsewhere

        wrong($case, "no connection to $nginx->{asked}[$n]")
            if !@got && !$case->{spoilt};

        for my $i (0 .. $#got) {
            my $id = id_of($got[$i]);

            $got{ $hosts[$i] }{$address} = $id;
            $count{asked}++;
            $count{policies}++ if $id ne 'none';

            wrong($case, "$hosts[$i] on $address: nginx has $id, mta-sts does "
                  . 'not know it', $list)
                if $case->{spoilt} && $id ne 'none' && !$known{$id}
                && !%{ $case->{tls} } && $list !~ /  refused  /;
            wrong($case, "$hosts[$i] is no policy host")
                if $i > $#domains && $id ne 'none';
        }
    }

    my $status = brief_end($nginx);
    wrong($case, "nginx ended with $status") if $status != 0;

    return if $case->{spoilt};

    # each domain that is listed, and some of the others

    for my $domain (@domains) {
        my @carriers = carriers($case, "mta-sts.$domain");

        next if $list !~ /^\Q$domain\E /m && chance(@carriers ? 0.5 : 0.8);

        compare_host($case, $domain,
                     helper_says($case, $conf, $list, $domain) // next,
                     $got{"mta-sts.$domain"});
        $count{policy}++;
    }
}


sub compare_records {
    my ($case, $conf) = @_;
    my ($rc, $records, $err) = asked($case, 'records', '-c', $conf);
    my %txt = $records
        =~ /^_mta-sts\.(\S+)\. \d+ IN TXT "v=STSv1; id=(\w+);"$/mg;
    my %ids = %{ $case->{ids} };

    delete $ids{'*'};

    $count{records}++;
    wrong($case, 'records are not those of the list', $records . $err)
        if join(' ', map { "$_ $txt{$_}" } sort keys %txt)
           ne join(' ', map { "$_ $ids{$_}" } sort keys %ids)
        || ($rc == 0) != (keys %ids > 0 && !$case->{refused});
}


sub conf_case {
    my ($nginx, $n) = @_;

    begin_case($n);

    $case = random_conf($load, map { "%%A$_%%" } 0 .. 5);
    $case->{port} = { map { ("%%A$_%%" => (0, 0, 1, 0, 2, 2)[$_]) } 0 .. 5 };
    my $conf = $nginx->dir . '/nginx.conf';

    $case->{n} = $n;
    $case->{kind} = 'nginx.conf';

    remove_tree(grep { !m{/(?:logs|temp)$} } glob $nginx->dir . '/*');
    write_files($case, $nginx, $nginx->dir);

    my $list = compare_verdicts($case, $nginx, '-c', $conf) // return;

    compare_served($case, $nginx, $conf, $list);
    compare_records($case, $conf) if chance(0.3);
}


# Domains files that both accept, each on a port of its own, as nginx serves
# them together.

sub serve_files {
    my ($nginx, @cases) = @_;
    my $port = 9000;

    return if !@cases;

    $_->{address} = "$nginx->{hosts}[0]:" . $port++ for @cases;

    spew($nginx->dir . '/nginx.conf', join "\n", $load, 'events { }',
         'http { access_log off;',
         map({ "server { listen $_->{address}; server_name mta-sts.*; "
               . "mta_sts_domains $_->{domains_file}; }" } @cases), '}');
    return wrong($cases[-1], 'nginx does not start',
                 slurp($nginx->dir . '/logs/error.log'))
        if !brief_begin($nginx);

    for my $case (@cases) {
        my ($ids) = listed($case->{list});
        my @domains = grep { $_ ne '*' } sort keys %$ids;

        push @domains, 'other.test', map { "a.$_" } @domains if @domains < 60;

        my @got = brief_ask($case->{address}, 0, map { "mta-sts.$_" } @domains);

        for my $i (0 .. $#domains) {
            my $must = $ids->{ $domains[$i] } // $ids->{'*'} // 'none';
            $count{asked}++;
            $count{policies}++ if $must ne 'none';

            wrong($case, "$domains[$i]: nginx has another policy",
                  $case->{list}, $got[$i] // 'none')
                if id_of($got[$i]) ne $must;
        }
    }

    my $status = brief_end($nginx);
    wrong($cases[-1], "nginx ended with $status") if $status != 0;
    remove_tree($_->{base}) for @cases;
}


# Those that are accepted are put into @$queue.

sub yaml_case {
    my ($nginx, $n, $queue) = @_;

    begin_case($n);

    my $files = chance(0.2) ? 2 + int rand 2 : 1;
    my @texts = random_yaml('d', $files, pick(0, 0.01, 0.03, 0.06), 0.3);
    my $base = $nginx->dir . "/yaml$n";
    $case = { n => $n, kind => 'YAML', base => $base,
                 files => { map { ("$_.yaml" => $texts[$_]) } 0 .. $#texts },
                 domains_file => $files > 1 ? "$base/*.yaml" : "$base/0.yaml" };

    write_files($case, $nginx, $base);
    spew($nginx->dir . '/nginx.conf', "$load events { } http { access_log off; "
         . "server { listen $nginx->{hosts}[0]:8080; server_name mta-sts.*;\n"
         . "mta_sts_domains $case->{domains_file}; } }");

    $case->{list} = compare_verdicts($case, $nginx, '-d',
                                     $case->{domains_file});

    if (!defined $case->{list}) {
        remove_tree($base);
        return;
    }

    push @$queue, $case;
    serve_files($nginx, splice @$queue) if @$queue == SERVED_TOGETHER;
}


# A share of the cases, in a process of its own.

sub job {
    my ($nginx, $first, $job, $report) = @_;
    my ($name, @queue);
    my %run = ('nginx.conf' => sub { conf_case($nginx, $_[0]) },
               'YAML' => sub { yaml_case($nginx, $_[0], \@queue) });

    $nginx->{hosts} = [map { brief_address(2 * $job + $_) } 0, 1];

    # two addresses, another port, IPv6, and one that is carved out of a wildcard

    my ($host, $second) = @{ $nginx->{hosts} };
    my @free = map { [MtaSts::free_port()] } 1 .. 3;
    my ($port, $other, $third) = map { $_->[0] } @free;

    $nginx->{addresses} = ["$host:$port", "$second:$port", "$host:$other",
                           "[::1]:$port", "*:$third", "$host:$third"];
    $nginx->{asked} = [@{ $nginx->{addresses} }];
    $nginx->{asked}[4] = "$second:$third";

    for my $kind (sort keys %run) {
        %count = ();

        for (my $i = $job; $i < $cases; $i += JOBS) {
            undef $case;
            eval { $run{$kind}->($first + $i); 1 }
                or wrong($case // { n => $first + $i, kind => $kind },
                         "died: $@");
            brief_end($nginx) if $nginx->{pid};
        }

        serve_files($nginx, @queue) if $kind eq 'YAML';
        nstore([{ %count }, @wrong], "$report.$kind");
        @wrong = ();
    }
}


my $seed = $ENV{MTA_STS_TEST_SEED} // 1;
my @jobs;

diag("MTA_STS_TEST_SEED=$seed");

for my $job (0 .. JOBS - 1) {
    my $nginx = MtaSts->new('');
    my $report = $nginx->dir . '/logs/report';
    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        job($nginx, $seed, $job, $report);
        exit 0;
    }

    push @jobs, { nginx => $nginx, pid => $pid, report => $report };
}

for my $job (@jobs) {
    waitpid $job->{pid}, 0;
    is($?, 0, 'a job ended');
}

for my $kind ('nginx.conf', 'YAML') {
    my (%sum, @all);

    for my $job (@jobs) {
        my ($count, @said) = @{ retrieve("$job->{report}.$kind") };
        $sum{$_} += $count->{$_} for keys %$count;
        push @all, @said;
    }

    diag("$kind: " . join ', ', map { "$_ $sum{$_}" } sort keys %sum);
    is($sum{compared}, $cases, "$kind: $cases compared");
    is(scalar @all, 0, '... and nginx and mta-sts agree on all')
        or diag(join "\n====\n", splice @all, 0, $ENV{SHOWN} // SHOWN);

    # both verdicts are there in numbers

    cmp_ok($sum{accepted}, '>=', $cases * 0.3, '... many are accepted');
    cmp_ok($sum{same_reason}, '>=', $cases * 0.1, '... many refused by both');
    cmp_ok($sum{policies}, '>', $cases, '... and many policies served');
}

# damaged files may name any address and file

$_->{nginx}->stop(qr/\[emerg\] (?:.* )?(?:bind\(\)|open\(\)|still could not bind)/)
    for @jobs;

done_testing();
