<?php
/**
 * WordPress's configuration. This file is the same on every site and holds no secret: what differs
 * (address, database, passwords, salts) is in /run/wordpress/config.php, which lives in memory and
 * is written by the container's entrypoint at every start.
 */
require_once '/run/wordpress/config.php';

define( 'DB_CHARSET', 'utf8mb4' );
define( 'DB_COLLATE', '' );
$table_prefix = 'wp_';

// The core comes with the image and belongs to root. Plugins and themes can be installed in the
// dashboard, their code cannot be edited there.
define( 'WP_AUTO_UPDATE_CORE', false );
define( 'DISALLOW_FILE_EDIT', true );
define( 'FS_METHOD', 'direct' );
define( 'FORCE_SSL_ADMIN', true );

// The health check of the container runs what is due once a minute, so that no visitor waits for it.
define( 'DISABLE_WP_CRON', true );

if ( ! defined( 'WP_DEBUG' ) ) {
	define( 'WP_DEBUG', false );
}
define( 'WP_DEBUG_DISPLAY', false );

if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', __DIR__ . '/' );
}
require_once ABSPATH . 'wp-settings.php';
