<?php
/**
 * A probe of the verification, which puts it among the must-use plugins for as long as it needs it. Each page
 * tells in a comment what WordPress knows of the one who asks, and what is asked for misbehaves at will.
 */

add_action(
	'wp_footer',
	static function (): void {
		$known = array( $_SERVER, $_COOKIE, $_GET, add_query_arg( 'more', '1' ), is_user_logged_in() ? wp_get_current_user()->user_login : '' );
		echo '<!-- made-' . bin2hex( random_bytes( 8 ) ) . ' ' . str_replace( '--', '- -', wp_json_encode( $known, JSON_UNESCAPED_SLASHES ) ) . ' -->';
	}
);

add_action(
	'template_redirect',
	static function (): void {
		switch ( $_GET['verify'] ?? '' ) {
			case 'cookie':
				setcookie( 'verify', bin2hex( random_bytes( 8 ) ) );
				break;
			case 'no-store':
				header( 'Cache-Control: no-store' );
				break;
			case 'private':
				header( 'Cache-Control: private, max-age=600' );
				break;
			case 'nocache_headers':
				nocache_headers();
				break;
			case 'DONOTCACHEPAGE':
				define( 'DONOTCACHEPAGE', true );
				break;
			case '302':
				wp_redirect( home_url( '/?' . bin2hex( random_bytes( 8 ) ) ) );
				exit;
			case '403':
			case '500':
			case '503':
				status_header( (int) $_GET['verify'] );
				break;
			case 'die':
				wp_die( 'made-' . bin2hex( random_bytes( 8 ) ), '', array( 'response' => 200 ) );
			case 'same-answers':
				wp_send_json( verify_same_answers() );
			case 'slow':
				sleep( 3 );
				// It is short-lived, too.
			case 'short-lived':
				add_filter( 'inception_page_lifetime', static fn() => 1 );
				break;
		}
	}
);

// Each page that is made for nobody in particular, with the time in seconds: its beginning and its end.
if ( 'GET' === $_SERVER['REQUEST_METHOD'] && ! $_COOKIE && 'cli' !== PHP_SAPI && is_dir( '/tmp/verify-renders' ) ) {
	$verify_began = microtime( true );
	register_shutdown_function(
		static function () use ( $verify_began ): void {
			$line = array( $_SERVER['REQUEST_URI'], $verify_began, microtime( true ) );
			file_put_contents( '/tmp/verify-renders/log', wp_json_encode( $line ) . "\n", FILE_APPEND | LOCK_EX );
		}
	);
}

/**
 * What WordPress answers, first as the site is set up and then without what hangs on some hooks.
 *
 * @return array{0: mixed, 1: mixed}
 */
function verify_both( callable $ask ): array {
	global $wp_filter;
	$hooks     = array( 'inception_global_settings', 'posts_pre_query', 'pre_get_block_templates', 'wp_count_comments' );
	$answers   = array( $ask() );
	$kept      = array_intersect_key( $wp_filter, array_flip( $hooks ) );
	$wp_filter = array_diff_key( $wp_filter, $kept );
	$answers[] = $ask();
	$wp_filter += $kept;
	return $answers;
}

/**
 * The templates or template parts of some names. WordPress sorts them itself where the order matters.
 */
function verify_templates( array $slugs, string $type = 'wp_template' ): array {
	$found = get_block_templates(
		array(
			'theme'    => get_stylesheet(),
			'slug__in' => $slugs,
		),
		$type
	);
	usort( $found, static fn( $a, $b ) => $a->slug <=> $b->slug );
	return array_map( 'get_object_vars', $found );
}

function verify_same_answers(): array {
	$theme = get_stylesheet();
	$asked = array(
		'front page' => array( 'front-page', 'home', 'index' ),
		'post'       => array( 'single-post-hello', 'single-post', 'single', 'singular', 'index' ),
		'page'       => array( 'page-sample', 'page-2', 'page', 'singular', 'index' ),
		'nothing'    => array( 'no-such-template' ),
		'no name'    => array(),
		'way out'    => array( '../parts/header', '../../../index' ),
	);
	$both  = array();
	foreach ( $asked as $name => $slugs ) {
		$both[ "templates of $name" ] = verify_both( static fn() => verify_templates( $slugs ) );
	}
	foreach ( array( 'header', 'footer' ) as $slug ) {
		$both[ "part $slug" ] = verify_both(
			static fn() => array(
				verify_templates( array( $slug ), 'wp_template_part' ),
				get_object_vars( get_block_template( "$theme//$slug", 'wp_template_part' ) ),
				// Each block gets a number of its own.
				preg_replace( '/\d+/', '', do_blocks( '<!-- wp:template-part {"slug":"' . $slug . '","theme":"' . $theme . '"} /-->' ) ),
			)
		);
	}
	$both['styles']               = verify_both( static fn() => WP_Theme_JSON_Resolver::get_user_data_from_wp_global_styles( wp_get_theme() ) );
	$both['settings of all']      = verify_both( static fn() => wp_get_global_settings() );
	$both['settings of a theme']  = verify_both( static fn() => wp_get_global_settings( array(), array( 'origin' => 'base' ) ) );
	$both['settings of a layout'] = verify_both( static fn() => wp_get_global_settings( array( 'layout' ) ) );
	$both['comments']             = verify_both(
		static function () {
			wp_cache_delete( 'comments-0', 'counts' );
			$counts = (array) wp_count_comments();
			ksort( $counts );
			return $counts;
		}
	);
	return array(
		'version' => $GLOBALS['wp_version'],
		'hooked'  => did_filter( 'inception_global_settings' ),
		'edited'  => array(
			'templates' => array_column( verify_templates( array( 'home', 'index' ) ), 'source', 'slug' ),
			'part'      => get_block_template( "$theme//header", 'wp_template_part' )->source,
			'styles'    => WP_Theme_JSON_Resolver::get_user_data_from_wp_global_styles( wp_get_theme() )['post_content'] ?? '',
		),
		'both'    => $both,
	);
}
