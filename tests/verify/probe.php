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

// What plugins of cached sites do at each view.
foreach ( array( 'wp_ajax_verify_count', 'wp_ajax_nopriv_verify_count' ) as $verify_hook ) {
	add_action(
		$verify_hook,
		static function (): void {
			update_post_meta( (int) $_GET['post'], 'verify_views', bin2hex( random_bytes( 8 ) ) );
			update_option( 'verify_views', bin2hex( random_bytes( 8 ) ) );
			wp_send_json_success();
		}
	);
}
add_action( 'wp_login', static fn( $login, $user ) => update_user_meta( $user->ID, 'verify_login', bin2hex( random_bytes( 8 ) ) ), 10, 2 );

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

// As many themes show the latest comments: out of a transient, which a comment deletes.
add_shortcode(
	'verify_latest',
	static function (): string {
		$latest = get_transient( 'verify_latest' );
		if ( false === $latest ) {
			$latest = implode( ' ', wp_list_pluck( get_comments( array( 'number' => 5 ) ), 'comment_content' ) );
			set_transient( 'verify_latest', $latest );
		}
		return esc_html( $latest );
	}
);
add_action( 'wp_insert_comment', static fn() => delete_transient( 'verify_latest' ) );
