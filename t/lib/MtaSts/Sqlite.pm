package MtaSts::Sqlite;

# A file of SQLite, as MtaSts::Database knows servers: sql() and session().

use strict;
use warnings;

use File::Basename qw(dirname);
use MtaSts::Database;

our @ISA = qw(MtaSts::Database);


sub new {
    my ($class, $file) = @_;
    return bless { owner => $$, file => $file, dir => dirname($file) }, $class;
}


sub client {
    my ($self) = @_;

    return ('sqlite3', '-batch', '-bail', '-separator', "\t", '-cmd',
            '.timeout 20000', $self->{file});
}


1;
