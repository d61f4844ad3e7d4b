<?php
/**
 * Puts a plugin or a theme of the settings in place: extension.php plugins|themes NAME SHA256 <ZIP. Run as www-data.
 *
 * What was there under that name is kept aside, each time under a name of its own. The new files take its place by a rename.
 */

const SITE  = '/var/www/html';
const STATE = SITE . '/.inception/content';

function fail( string $message ): never {
	fwrite( STDERR, "$message\n" );
	exit( 1 );
}

/**
 * Removes a file, or a directory with all that is in it.
 */
function remove( string $path ): void {
	foreach ( is_dir( $path ) && ! is_link( $path ) ? array_diff( scandir( $path ), array( '.', '..' ) ) : array() as $name ) {
		remove( "$path/$name" );
	}
	if ( is_dir( $path ) && ! is_link( $path ) ) {
		rmdir( $path );
	} elseif ( file_exists( $path ) || is_link( $path ) ) {
		unlink( $path );
	}
}

/**
 * Unpacks a zip file into a directory.
 *
 * @return string The one directory that it holds.
 */
function unpack_archive( string $file, string $directory ): string {
	$zip  = new ZipArchive();
	$tops = array();
	if ( true !== $zip->open( $file ) ) {
		fail( 'it is no zip file.' );
	}
	for ( $number = 0; $number < $zip->numFiles; $number++ ) {
		$name = (string) $zip->getNameIndex( $number );
		if ( preg_match( '#^/|\\\\|(^|/)\.\.(/|$)#', $name ) ) {
			fail( "it holds $name, which leads elsewhere." );
		}
		if ( ! str_starts_with( $name, '__MACOSX/' ) ) {
			$tops[ strtok( $name, '/' ) ] = true;
		}
	}
	if ( ! $zip->extractTo( $directory ) ) {
		fail( 'it cannot be unpacked: ' . $zip->getStatusString() );
	}
	// An archive may give every version the same times, by which PHP would keep what it compiled of the former one.
	foreach ( new RecursiveIteratorIterator( new RecursiveDirectoryIterator( $directory, FilesystemIterator::SKIP_DOTS ) ) as $path ) {
		touch( $path->getPathname() );
	}
	if ( 1 !== count( $tops ) || ! is_dir( "$directory/" . key( $tops ) ) ) {
		fail( 'its files are not in one directory, as those of a plugin or a theme are.' );
	}
	return "$directory/" . key( $tops );
}

[ , $kind, $name, $digest ] = $argv;

$staging = STATE . '/extension';
remove( $staging );
mkdir( $staging, 0700 );
if ( ! copy( 'php://stdin', "$staging/zip" ) || hash_file( 'sha256', "$staging/zip" ) !== $digest ) {
	fail( 'it has not arrived whole.' );
}
$new    = unpack_archive( "$staging/zip", "$staging/files" );
$place  = SITE . "/wp-content/$kind/$name";
$before = STATE . "/replaced-$kind-$name-" . gmdate( 'Ymd-His' );
if ( file_exists( $place ) && ! rename( $place, $before ) ) {
	fail( "$place cannot be replaced." );
}
if ( ! rename( $new, $place ) ) {
	fail( "$place cannot be made." );
}
// Which file each is of, a line each.
$list  = STATE . '/extensions';
$lines = preg_grep( "#^$kind/$name #", is_file( $list ) ? file( $list ) : array(), PREG_GREP_INVERT );
file_put_contents( "$list.new", implode( '', $lines ) . "$kind/$name $digest\n" );
rename( "$list.new", $list );
remove( $staging );
passthru( 'purge-cache.sh' );
